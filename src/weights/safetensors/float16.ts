import { roundHalfToEven } from '../../numeric/round-half-to-even.ts';

/** The bits of numbers as IEEE 754 binary16, to the nearest, halves to the even one; beyond 65504 infinite. */
export function encodeFloat16s(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let index = 0; index < halves.length; index++) halves[index] = float16Bits(bits[index] as number);
  return halves;
}

/** Of the bits of a binary32. */
function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From 65520 on the nearest is beyond the largest.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | subnormal(magnitude);
  // What is cut off is rounded, then the exponent counts from another bias.
  return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
}

/** Below 2^-14: how many times 2^-24. */
function subnormal(magnitude: number): number {
  const exponent = magnitude >>> 23;
  const fraction = exponent === 0 ? magnitude & 0x7fffff : (magnitude & 0x7fffff) | 0x800000;
  return roundHalfToEven(fraction * 2 ** (Math.max(exponent, 1) - 150 + 24));
}
