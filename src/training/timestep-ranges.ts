/** Into how many equal ranges timesteps are parted where losses are told by noise: an average over all hides what is learnt in each. */
export const timestepRanges = 4;

/** The range that a timestep of `count` lies in, from 0 (the least noise). */
export function rangeOf(timestep: number, count: number): number {
  return Math.min(timestepRanges - 1, Math.floor((timestep * timestepRanges) / count));
}
