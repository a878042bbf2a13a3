import { cubic, filterTaps, type ResampleFilter, triangle } from './resample.ts';
import type { Size } from './size.ts';

/** How planes of numbers are brought to another size, by the names and rules of torch.nn.functional.interpolate (align_corners=False). */
export const interpolations = [
  'nearest',
  'nearest_exact',
  'bilinear',
  'bilinear_antialiased',
  'bicubic',
  'bicubic_antialiased',
] as const;
export type Interpolation = (typeof interpolations)[number];

/** Planes of one size, one after the other, at another size; a new array. Factors follow from the sizes, of each axis by itself. */
export function interpolatePlanes(planes: Float32Array, from: Size, to: Size, by: Interpolation): Float32Array {
  const across = taps[by](from.width, to.width);
  const down = taps[by](from.height, to.height);
  const count = planes.length / (from.width * from.height);
  const out = new Float32Array(count * to.width * to.height);
  const widened = new Float64Array(to.width * from.height);
  for (let plane = 0; plane < count; plane++) {
    const source = planes.subarray(plane * from.width * from.height, (plane + 1) * from.width * from.height);
    for (let y = 0, at = 0; y < from.height; y++) {
      for (let x = 0; x < to.width; x++) widened[at++] = weighed(source, y * from.width, 1, across, x);
    }
    for (let y = 0, at = plane * to.width * to.height; y < to.height; y++) {
      for (let x = 0; x < to.width; x++) out[at++] = weighed(widened, x, to.width, down, y);
    }
  }
  return out;
}

function weighed(
  values: Float32Array | Float64Array,
  start: number,
  step: number,
  { reach, sources, weights }: Taps,
  target: number,
): number {
  let sum = 0;
  for (let tap = target * reach; tap < (target + 1) * reach; tap++) {
    sum += values[start + sources[tap]! * step]! * weights[tap]!;
  }
  return sum;
}

/** `reach` positions of the source for each of the target, and their weights. */
interface Taps {
  readonly reach: number;
  readonly sources: Int32Array;
  readonly weights: Float64Array;
}

const taps: Readonly<Record<Interpolation, (length: number, resized: number) => Taps>> = {
  nearest: (length, resized) => nearest(length, resized, 0),
  nearest_exact: (length, resized) => nearest(length, resized, 0.5),
  bilinear: (length, resized) => atPositions(length, resized, [0, 1], (distance) => 1 - distance, 0),
  bilinear_antialiased: (length, resized) => averaged(length, resized, triangle),
  bicubic: (length, resized) => atPositions(length, resized, [-1, 0, 1, 2], cubicWeight, Number.NEGATIVE_INFINITY),
  bicubic_antialiased: (length, resized) => averaged(length, resized, cubic),
};

function nearest(length: number, resized: number, shift: number): Taps {
  const sources = Int32Array.from({ length: resized }, (_, i) =>
    Math.min(Math.floor(((i + shift) * length) / resized), length - 1),
  );
  return { reach: 1, sources, weights: new Float64Array(resized).fill(1) };
}

/** Neighbours of a position between pixel centres, at least `lowest`; beyond the border that repeats. */
function atPositions(
  length: number,
  resized: number,
  neighbours: readonly number[],
  weightAt: (distance: number) => number,
  lowest: number,
): Taps {
  const reach = neighbours.length;
  const sources = new Int32Array(resized * reach);
  const weights = new Float64Array(resized * reach);
  for (let i = 0; i < resized; i++) {
    const position = Math.max(lowest, ((i + 0.5) * length) / resized - 0.5);
    const before = Math.floor(position);
    for (const [tap, neighbour] of neighbours.entries()) {
      sources[i * reach + tap] = Math.min(Math.max(before + neighbour, 0), length - 1);
      weights[i * reach + tap] = weightAt(Math.abs(position - before - neighbour));
    }
  }
  return { reach, sources, weights };
}

/** Cubic convolution (Keys, 1981) with a = -0.75; with antialiasing torch takes -0.5. */
function cubicWeight(distance: number): number {
  const a = -0.75;
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return distance < 2 ? ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a : 0;
}

function averaged(length: number, resized: number, by: ResampleFilter): Taps {
  const { first, count, weights, reach } = filterTaps(length, resized, by);
  // What is not counted has no weight, so any place will do for it.
  const sources = Int32Array.from(weights, (_, at) => {
    const target = Math.floor(at / reach);
    const tap = at % reach;
    return tap < count[target]! ? first[target]! + tap : 0;
  });
  return { reach, sources, weights };
}
