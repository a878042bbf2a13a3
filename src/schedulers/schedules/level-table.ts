/** The noise levels that a model was trained on, sigma = sqrt((1 - alpha) / alpha), in float64. */
export interface LevelTable {
  /** One a timestep, ascending. */
  readonly sigmas: Float64Array;
  /** Their natural logarithms. */
  readonly logs: Float64Array;
  readonly min: number;
  readonly max: number;
}

/** The level at a timestep that may lie between two: straight in log sigma. */
export function levelAt({ logs }: LevelTable, timestep: number): number {
  const low = Math.min(Math.max(Math.floor(timestep), 0), logs.length - 2);
  const share = Math.min(Math.max(timestep - low, 0), 1);
  return Math.exp((1 - share) * (logs[low] ?? 0) + share * (logs[low + 1] ?? 0));
}

/** The timestep, in general fractional, at which the table reaches a level: the first or the last one beyond its ends. */
export function timestepAt({ logs }: LevelTable, sigma: number): number {
  const log = Math.log(sigma);
  let [low, high] = [0, logs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((logs[middle] ?? 0) <= log) low = middle;
    else high = middle;
  }
  const [from, to] = [logs[low] ?? 0, logs[high] ?? 0];
  return low + Math.min(Math.max((log - from) / (to - from), 0), 1);
}
