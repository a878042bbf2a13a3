import { setImmediate } from 'node:timers/promises';

/**
 * Milliseconds of the processor for which a piece of work held the event loop at most: goes round the loop as fast as it can beside
 * the work, and what lies between two rounds was held.
 */
export async function longestHold(work: () => Promise<unknown>): Promise<number> {
  const done = new AbortController();
  const working = work().finally(() => done.abort());
  let longestMs = 0;
  for (let [wall, cpu] = [performance.now(), cpuMs()]; !done.signal.aborted;) {
    await setImmediate();
    const [nextWall, nextCpu] = [performance.now(), cpuMs()];
    longestMs = Math.max(longestMs, Math.min(nextWall - wall, nextCpu - cpu));
    [wall, cpu] = [nextWall, nextCpu];
  }
  await working;
  return longestMs;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
