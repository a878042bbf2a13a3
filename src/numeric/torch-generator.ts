import { MersenneTwister, type MersenneTwisterState } from './mersenne-twister.ts';
import { elementCount } from './tensor.ts';

/** All that a generator remembers, as plain data that can be structured cloned and kept in a checkpoint. */
export interface TorchGeneratorState {
  readonly engine: MersenneTwisterState;
  /** The second value of the last pair that a draw of less than 16 values made, or null where none waits. */
  readonly cachedNormal: number | null;
}

/** Values from which torch fills a tensor block by block instead of one by one. */
const blockDrawSize = 16;

/**
 * Random numbers as `torch.Generator` gives them on a CPU: the same words, the same uniforms bit for bit, and the same
 * normals within 1e-6 (83 % bit for bit; torch's vectorised logarithm and sine differ in the last bit).
 *
 * `seed` is any integer; seeds that are equal modulo 2^32 give the same stream.
 */
export class TorchGenerator {
  readonly #engine: MersenneTwister;
  #cachedNormal: number | null;

  constructor(seed: number | bigint | TorchGeneratorState) {
    const restored = typeof seed === 'object' ? seed : null;
    this.#engine = new MersenneTwister(restored === null ? (seed as number | bigint) : restored.engine);
    this.#cachedNormal = restored?.cachedNormal ?? null;
  }

  save(): TorchGeneratorState {
    return { engine: this.#engine.save(), cachedNormal: this.#cachedNormal };
  }

  /** The engine's next word, 0 .. 2^32 - 1. */
  randomWord(): number {
    return this.#engine.next();
  }

  /** `torch.rand(dims)`: float32 uniforms in [0, 1), multiples of 2^-24. */
  rand(dims: readonly number[]): Float32Array {
    return Float32Array.from({ length: elementCount(dims) }, () => this.#uniformFloat32());
  }

  /** `torch.rand(dims, dtype=torch.float64)`: uniforms in [0, 1), multiples of 2^-53. */
  randFloat64(dims: readonly number[]): Float64Array {
    return Float64Array.from({ length: elementCount(dims) }, () => this.#uniformFloat64());
  }

  /** `torch.randn(dims)`: float32 standard normals. */
  randn(dims: readonly number[]): Float32Array {
    const values = new Float32Array(elementCount(dims));
    if (values.length < blockDrawSize) this.#fillOneByOne(values);
    else this.#fillInBlocks(values, () => this.#uniformFloat32(), boxMullerFloat32);
    return values;
  }

  /** `torch.randn(dims, dtype=torch.float64)`: from 16 values on not the float32 ones at a higher precision. */
  randnFloat64(dims: readonly number[]): Float64Array {
    const values = new Float64Array(elementCount(dims));
    if (values.length < blockDrawSize) this.#fillOneByOne(values);
    else this.#fillInBlocks(values, () => this.#uniformFloat64(), boxMullerFloat64);
    return values;
  }

  #uniformFloat32(): number {
    return (this.#engine.next() & 0xffffff) * 2 ** -24;
  }

  #uniformFloat64(): number {
    const high = this.#engine.next() & 0x1fffff;
    return (high * 2 ** 32 + this.#engine.next()) * 2 ** -53;
  }

  /** Box and Muller 1958, in double precision whatever the type of `values`; the odd value is kept for the next draw. */
  #fillOneByOne(values: Float32Array | Float64Array): void {
    for (let i = 0; i < values.length; i++) values[i] = this.#nextNormal();
  }

  #nextNormal(): number {
    if (this.#cachedNormal !== null) {
      const value = this.#cachedNormal;
      this.#cachedNormal = null;
      return value;
    }
    const theta = 2 * Math.PI * this.#uniformFloat64();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniformFloat64()));
    this.#cachedNormal = radius * Math.sin(theta);
    return radius * Math.cos(theta);
  }

  /**
   * Uniforms for the whole tensor first, then normals in blocks of 16. Where the length is no multiple of 16, torch draws
   * the last 16 uniforms again and transforms them as one block, over values that were done before.
   */
  #fillInBlocks<Values extends Float32Array | Float64Array>(
    values: Values,
    uniform: () => number,
    transform: (values: Values, start: number) => void,
  ): void {
    for (let i = 0; i < values.length; i++) values[i] = uniform();
    for (let start = 0; start + blockDrawSize <= values.length; start += blockDrawSize) transform(values, start);
    if (values.length % blockDrawSize === 0) return;
    const last = values.length - blockDrawSize;
    for (let i = last; i < values.length; i++) values[i] = uniform();
    transform(values, last);
  }
}

/** Rounds after every operation, as torch's float32 arithmetic does. */
function boxMullerFloat32(values: Float32Array, start: number): void {
  const { fround } = Math;
  const half = blockDrawSize / 2;
  for (let i = start; i < start + half; i++) {
    const u1 = fround(1 - (values[i] ?? 0));
    const u2 = values[i + half] ?? 0;
    const radius = fround(Math.sqrt(fround(-2 * fround(Math.log(u1)))));
    const theta = fround(fround(2 * Math.PI) * u2);
    values[i] = radius * fround(Math.cos(theta));
    values[i + half] = radius * fround(Math.sin(theta));
  }
}

function boxMullerFloat64(values: Float64Array, start: number): void {
  const half = blockDrawSize / 2;
  for (let i = start; i < start + half; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - (values[i] ?? 0)));
    const theta = 2 * Math.PI * (values[i + half] ?? 0);
    values[i] = radius * Math.cos(theta);
    values[i + half] = radius * Math.sin(theta);
  }
}
