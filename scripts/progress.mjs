import { Worker } from 'node:worker_threads';
import { states } from './progress-dots.mjs';

// Of the thread that writes the dots; what this one does may hold its event loop for seconds.
const state = new Int32Array(new SharedArrayBuffer(4));
let thread = null;

/** Says what is being done, and shows with a dot each second that it still is. One at a time. */
export function step(text) {
  process.stdout.write(`${text} ..`);
  const startedAt = performance.now();
  startDots();
  let open = true;
  return {
    /** Ends the line with the time that it took; a second call does nothing. */
    done() {
      if (!open) return;
      open = false;
      endDots();
      process.stdout.write(` ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
    },
  };
}

function startDots() {
  if (thread === null) {
    thread = new Worker(new URL('progress-dots.mjs', import.meta.url), { workerData: state, execArgv: [] });
    thread.unref();
  }
  Atomics.store(state, 0, states.open);
  Atomics.notify(state, 0);
}

/** Once it returns no dot is written any more. */
function endDots() {
  while (Atomics.compareExchange(state, 0, states.open, states.idle) === states.writing)
    Atomics.wait(state, 0, states.writing);
  Atomics.notify(state, 0);
}
