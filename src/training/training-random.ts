import { CounterRandom } from '../numeric/counter-random.ts';

/** What random numbers of a training are for: each has numbers of its own, whatever the others take. Their order is part of what a seed means. */
const purposes = [
  'start',
  'order',
  'timestep',
  'prompt',
  'flip',
  'latents',
  'noise',
  'split',
  'held out',
  'drawn',
  'resampled',
  'jitter',
] as const;
export type Purpose = (typeof purposes)[number];

/**
 * The random numbers of a training: functions of its seed, of what they are for, and of the step and the row in it. So nothing of them belongs into a
 * checkpoint, and two trainings that differ in one setting differ in nothing else.
 */
export class TrainingRandom {
  readonly #random: CounterRandom;

  constructor(seed: number) {
    this.#random = new CounterRandom(seed);
  }

  /** In [0, 1). */
  uniform(purpose: Purpose, step: number, row: number): number {
    return this.uniforms(purpose, step, row, 1)[0] as number;
  }

  uniforms(purpose: Purpose, step: number, row: number, count: number): Float32Array {
    return this.#random.uniforms([purposes.indexOf(purpose), step, row], count);
  }

  normals(purpose: Purpose, step: number, row: number, count: number): Float32Array {
    return this.#random.normals([purposes.indexOf(purpose), step, row], count);
  }
}
