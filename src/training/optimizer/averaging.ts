/** Moves a running average of weights towards them: average = decay average + (1 - decay) weights. */
export function average(averages: Float32Array, weights: Float32Array, decay: number): void {
  for (let index = 0; index < averages.length; index++) {
    averages[index] = decay * (averages[index] as number) + (1 - decay) * (weights[index] as number);
  }
}
