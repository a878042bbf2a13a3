import { philox4x32, type PhiloxKey } from './philox.ts';
import { elementCount } from './tensor.ts';

/** How many draws were made before: with the seed, all there is to know of the generator. */
export interface PhiloxGeneratorState {
  readonly offset: number;
}

/**
 * Standard normals as `torch.randn(dims, device="cuda")` gives them for tensors no larger than the device's grid: what
 * users of graphics cards know their seeds by. Element i of draw `offset` comes from the counter (offset, 0, i, 0), so a
 * draw does not depend on the sizes of those before it.
 *
 * `seed` is an integer; its low 64 bits count.
 */
export class PhiloxGenerator {
  readonly #key: PhiloxKey;
  #offset: number;

  constructor(seed: number | bigint, state: PhiloxGeneratorState = { offset: 0 }) {
    const bits = BigInt.asUintN(64, BigInt(seed));
    this.#key = [Number(bits & 0xffffffffn), Number(bits >> 32n)];
    this.#offset = state.offset;
  }

  save(): PhiloxGeneratorState {
    return { offset: this.#offset };
  }

  randn(dims: readonly number[]): Float32Array {
    const values = new Float32Array(elementCount(dims));
    for (let i = 0; i < values.length; i++) {
      const [g0, g1] = philox4x32([this.#offset, 0, i, 0], this.#key);
      values[i] = boxMuller(g0, g1);
    }
    this.#offset += 1;
    return values;
  }
}

/** One value for two words, in float32; the cosine of the pair is not used. */
function boxMuller(g0: number, g1: number): number {
  const { fround } = Math;
  const u = fround(g0 * 2 ** -32 + 2 ** -33);
  const theta = fround((g1 * 2 ** -32 + 2 ** -33) * 2 * Math.PI);
  return fround(Math.sqrt(fround(-2 * fround(Math.log(u))))) * fround(Math.sin(theta));
}
