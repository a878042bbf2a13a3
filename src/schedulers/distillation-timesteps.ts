/** `steps` of the distillation's first `originalSteps` timesteps, evenly chosen from the noisiest down. */
export function distillationTimesteps(stride: number, originalSteps: number, steps: number): number[] {
  const gap = originalSteps / steps;
  return Array.from({ length: steps }, (_, i) => (originalSteps - Math.floor(i * gap)) * stride - 1);
}
