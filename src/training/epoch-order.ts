import type { TrainingRandom } from './training-random.ts';

/**
 * In which order a set is learnt from: epoch after epoch, all of it once in each, shuffled anew. What stands at a place follows from the seed and the
 * place, so that a training that goes on is where it was.
 */
export class EpochOrder {
  readonly #random: TrainingRandom;
  readonly #count: number;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array();

  /** `count` things, one at least. */
  constructor(random: TrainingRandom, count: number) {
    this.#random = random;
    this.#count = count;
  }

  /** Which of them stands at a place, counted from 0. */
  at(place: number): number {
    const epoch = Math.floor(place / this.#count);
    if (epoch !== this.#epoch) {
      this.#order = this.#shuffled(epoch);
      this.#epoch = epoch;
    }
    return this.#order[place % this.#count] as number;
  }

  /** Fisher and Yates. */
  #shuffled(epoch: number): Uint32Array {
    const order = Uint32Array.from({ length: this.#count }, (_, index) => index);
    const draws = this.#random.uniforms('order', epoch, 0, this.#count);
    for (let last = this.#count - 1; last > 0; last--) {
      const other = Math.floor((draws[last] as number) * (last + 1));
      [order[last], order[other]] = [order[other] as number, order[last] as number];
    }
    return order;
  }
}
