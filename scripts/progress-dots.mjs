import { writeSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

/** Of the line that is being written: there is none, it waits for its next dot, or the dot is being written. */
export const states = { idle: 0, open: 1, writing: 2 };

if (!isMainThread) writeDots(workerData);

function writeDots(state) {
  for (;;) {
    Atomics.wait(state, 0, states.idle);
    if (Atomics.wait(state, 0, states.open, 1000) !== 'timed-out') continue;
    if (Atomics.compareExchange(state, 0, states.open, states.writing) !== states.open) continue;
    writeDot();
    Atomics.store(state, 0, states.open);
    Atomics.notify(state, 0);
  }
}

/** Not by way of the other thread's stream, which would wait for its event loop. */
function writeDot() {
  try {
    writeSync(1, '.');
  } catch {
    // Nobody reads it, or nobody has read what was written before.
  }
}
