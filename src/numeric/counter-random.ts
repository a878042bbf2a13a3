import { philox4x32, type PhiloxCounter, type PhiloxKey } from './philox.ts';

/** Which random numbers are meant: each of these three words of 32 bits that differs gives others. */
export type RandomPlace = readonly [number, number, number];

/**
 * Random numbers as a function of a seed and a place (Salmon et al. 2011): the same in whatever order they are asked for, so that nothing of a generator has to be kept.
 * The low 64 bits of the seed count.
 */
export class CounterRandom {
  readonly #key: PhiloxKey;

  constructor(seed: number | bigint) {
    const bits = BigInt.asUintN(64, BigInt(seed));
    this.#key = [Number(bits & 0xffffffffn), Number(bits >> 32n)];
  }

  /** Numbers in [0, 1), multiples of 2^-24. */
  uniforms(place: RandomPlace, count: number): Float32Array {
    const values = new Float32Array(count);
    this.#fill(values, place, (words) => words.map((word) => (word >>> 8) * 2 ** -24));
    return values;
  }

  /** Standard normals (Box and Muller 1958). */
  normals(place: RandomPlace, count: number): Float32Array {
    const values = new Float32Array(count);
    this.#fill(values, place, ([a, b, c, d]) => [...normalPair(a, b), ...normalPair(c, d)]);
    return values;
  }

  #fill(
    values: Float32Array,
    [first, second, third]: RandomPlace,
    made: (words: PhiloxCounter) => readonly number[],
  ): void {
    for (let start = 0; start < values.length; start += 4) {
      const four = made(philox4x32([start / 4, first, second, third], this.#key));
      for (let index = 0; index < 4 && start + index < values.length; index++) {
        values[start + index] = four[index] as number;
      }
    }
  }
}

/** Of two words; the first is never 0 as a number. */
function normalPair(first: number, second: number): readonly [number, number] {
  const radius = Math.sqrt(-2 * Math.log((first + 0.5) * 2 ** -32));
  const angle = 2 * Math.PI * second * 2 ** -32;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}
