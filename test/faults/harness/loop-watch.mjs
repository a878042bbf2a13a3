/**
 * Is loaded into the server before its own code (`node --import`) and notes each time for which its event loop was held, as a line
 * of the file that LOOP_WATCH names: milliseconds, the lesser of the clock's and those that the thread had a processor for. SIGUSR2
 * holds it for LOOP_HOLD milliseconds, by which one sees whether that is noted.
 */
import { appendFileSync, readFileSync } from 'node:fs';

const file = process.env.LOOP_WATCH;
const everyMs = 4;
const notedMs = 15;

// The processes that the server starts inherit its environment.
if (file !== undefined && process.argv[1]?.endsWith('cli.js') === true) watch(file);

function watch(path) {
  let [wall, busy] = [performance.now(), threadMs()];
  setInterval(() => {
    const [nowWall, nowBusy] = [performance.now(), threadMs()];
    const held = Math.min(nowWall - wall, nowBusy - busy);
    if (held > notedMs) appendFileSync(path, `${held.toFixed(1)}\n`);
    [wall, busy] = [performance.now(), threadMs()];
  }, everyMs).unref();
  process.on('SIGUSR2', () => {
    for (const end = threadMs() + Number(process.env.LOOP_HOLD); threadMs() < end;);
  });
}

/** Milliseconds of the processor that the main thread has had; of the whole process where the system does not tell. */
function threadMs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
}
