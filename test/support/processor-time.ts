/** Seconds of the processor that a piece of work takes: of work on long input a fault that makes it quadratic takes minutes. */
export function secondsOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1e6;
}
