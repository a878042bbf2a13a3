import type { WeightType } from '../../graph/weights.ts';

/** Values of little-endian bytes in one of the formats of a weight. */
export function decodeFloats(dtype: WeightType, bytes: Uint8Array): Float32Array {
  if (dtype === 'F8_E4M3' || dtype === 'F8_E5M2') {
    const values8 = float8s[dtype]();
    return Float32Array.from(bytes, (byte) => values8[byte]!);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.byteLength / (dtype === 'F32' ? 4 : 2));
  if (dtype === 'F32') {
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true);
  } else if (dtype === 'F16') {
    const values16 = float16s();
    for (let i = 0; i < values.length; i++) values[i] = values16[view.getUint16(2 * i, true)]!;
  } else {
    // The upper half of a binary32.
    const words = new Uint32Array(values.buffer);
    for (let i = 0; i < words.length; i++) words[i] = view.getUint16(2 * i, true) << 16;
  }
  return values;
}

let table: Float32Array | null = null;

/** The value of every binary16: files of adapters hold tens of millions of them. */
function float16s(): Float32Array {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => float16(bits));
  return table;
}

/** IEEE 754 binary16. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const tables8 = new Map<string, Float32Array>();

/** The value of every number of 8 bits, by its format. */
const float8s = {
  F8_E4M3: () => table8('F8_E4M3', float8e4m3),
  // The upper half of a binary16.
  F8_E5M2: () => table8('F8_E5M2', (bits) => float16(bits << 8)),
} as const;

function table8(format: string, valueOf: (bits: number) => number): Float32Array {
  const known = tables8.get(format) ?? Float32Array.from({ length: 2 ** 8 }, (_, bits) => valueOf(bits));
  tables8.set(format, known);
  return known;
}

/** E4M3 as safetensors means it (OCP 8-bit floating point): no infinities, and one NaN of each sign. */
function float8e4m3(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits >> 3) & 0xf;
  const fraction = bits & 0x7;
  if ((bits & 0x7f) === 0x7f) return Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (1 + fraction / 8) * 2 ** (exponent - 7);
}
