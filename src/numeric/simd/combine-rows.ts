import { assemble, reserve, type SimdModule } from './assemble.ts';

/** Values that one turn of the loop makes. */
const lanes = 8;

/** The weighted sum of two neighbours of the four rows, as whole numbers in the lower half of a vector. */
const pair = `
  local.get i  v128.load  local.get a  f64x2.splat  f64x2.mul
  local.get j  v128.load  local.get b  f64x2.splat  f64x2.mul  f64x2.add
  local.get k  v128.load  local.get c  f64x2.splat  f64x2.mul  f64x2.add
  local.get l  v128.load  local.get d  f64x2.splat  f64x2.mul  f64x2.add
  f64x2.nearest  i32x4.trunc_sat_f64x2_s_zero
  ${['i', 'j', 'k', 'l'].map((row) => `local.get ${row}  i32.const 16  i32.add  local.set ${row}`).join('\n')}
`;

/** Two pairs side by side: the lower half of the first, the lower half of the second. */
const four = `${pair} ${pair} i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23`;

const source = {
  parameters: {
    a: 'f64',
    b: 'f64',
    c: 'f64',
    d: 'f64',
    i: 'i32',
    j: 'i32',
    k: 'i32',
    l: 'i32',
    out: 'i32',
    end: 'i32',
  },
  locals: { eight: 'v128' },
  code: `
    loop
      local.get out
      ${four} ${four} i16x8.narrow_i32x4_s
      local.tee eight  local.get eight  i8x16.narrow_i16x8_u
      v128.store64_lane 0
      local.get out  i32.const ${lanes}  i32.add  local.tee out
      local.get end  i32.lt_u  br_if 0
    end
  `,
} as const;

let loaded: SimdModule | undefined;

/** Four rows of float64 and weights for them. Rows are written through `row`, and stay until they are written again. */
export class RowCombiner {
  readonly #module: SimdModule;
  readonly #rows: readonly Float64Array[];
  readonly #out: Uint8Array;
  readonly #stride: number;

  /** @param length values a row. One combiner is in use at a time: they share a memory. */
  constructor(length: number) {
    this.#module = loaded ??= assemble(source);
    const padded = Math.ceil(length / lanes) * lanes;
    this.#stride = padded * Float64Array.BYTES_PER_ELEMENT;
    const { memory } = this.#module;
    reserve(memory, 4 * this.#stride + padded);
    this.#rows = [0, 1, 2, 3].map((slot) => new Float64Array(memory.buffer, slot * this.#stride, padded));
    this.#out = new Uint8Array(memory.buffer, 4 * this.#stride, length);
  }

  /** A slot of 0..3, to be written. */
  row(slot: number): Float64Array {
    return this.#rows[slot]!;
  }

  /**
   * The sum of four slots' values, each times its weight, rounded half to even and cut off at 0 and 255. Valid until the next
   * call.
   */
  combine(
    slots: readonly [number, number, number, number],
    weights: readonly [number, number, number, number],
  ): Uint8Array {
    const [i, j, k, l] = slots.map((slot) => slot * this.#stride) as [number, number, number, number];
    const out = 4 * this.#stride;
    this.#module.run(...weights, i, j, k, l, out, out + this.#out.length);
    return this.#out;
  }
}
