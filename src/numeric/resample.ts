import type { Size } from './size.ts';

/** Weight of a source value by its distance from the target's centre, up to `reach`; both grow with the factor of shrinking. */
export interface ResampleFilter {
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

/** Linear between pixel centres where a side grows: Pillow's BILINEAR. */
export const triangle: ResampleFilter = { reach: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) };

/** Cubic convolution (Keys, 1981) with a = -0.5: Pillow's BICUBIC. */
export const cubic: ResampleFilter = { reach: 2, weight: (distance) => keys(Math.abs(distance)) };

/** A sinc of three lobes in the window of its middle one (Turkowski, 1990): Pillow's LANCZOS. */
export const lanczos: ResampleFilter = {
  reach: 3,
  weight: (distance) => (Math.abs(distance) < 3 ? sinc(distance) * sinc(distance / 3) : 0),
};

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function keys(distance: number): number {
  if (distance < 1) return (1.5 * distance - 2.5) * distance * distance + 1;
  return distance < 2 ? -0.5 * (((distance - 5) * distance + 8) * distance - 4) : 0;
}

/**
 * 8-bit values at another size by a filter, the triangle if none is named: averaged over its whole reach where a side
 * shrinks, interpolated between pixel centres (at halves) where it grows. Bit for bit what Pillow's `resize` gives: weights of 22
 * fractional bits, the horizontal pass first, rounded to 8 bits in between. (Pillow 13 takes the vertical pass first where
 * that is cheaper; the values then differ by 1 at most.)
 *
 * @param data width x height pixels of `channels` values each; not changed.
 */
export function resampleBytes(
  data: Uint8Array,
  from: Size,
  to: Size,
  channels: number,
  by: ResampleFilter = triangle,
): Uint8Array {
  const tapsOf = (length: number, resized: number): Taps => fixedPoint(length, resized, by);
  return resample(data, from, to, channels, (length) => new Uint8Array(length), tapsOf, 0.5);
}

/** A window of what {@link resampleBytes} gives, inside of it: what lies beside it takes no memory and no time, however large it would be. */
export function resampleWindow(
  data: Uint8Array,
  from: Size,
  to: Size,
  window: { readonly x: number; readonly y: number } & Size,
  channels: number,
  by: ResampleFilter = triangle,
): Uint8Array {
  const columns = fixedPoint(from.width, to.width, by, { start: window.x, count: window.width });
  const rows = fixedPoint(from.height, to.height, by, { start: window.y, count: window.height });
  const top = rows.first[0] ?? 0;
  const lines = (rows.first.at(-1) ?? 0) + (rows.count.at(-1) ?? 0) - top;
  const walk = { lines, lineStep: from.width * channels, step: channels };
  const narrowed = new Uint8Array(window.width * lines * channels);
  filter(data.subarray(top * walk.lineStep), columns, walk, narrowed, 0.5);
  const out = new Uint8Array(window.width * window.height * channels);
  const below = { ...rows, first: rows.first.map((first) => first - top) };
  filter(narrowed, below, { lines: 1, lineStep: 0, step: window.width * channels }, out, 0.5);
  return out;
}

/**
 * One plane of float values at another size, by the same filter as {@link resampleBytes} but without rounding. Values stay
 * within the range of the source's.
 */
export function resamplePlane(plane: Float32Array, from: Size, to: Size): Float32Array {
  return resample(
    plane,
    from,
    to,
    1,
    (length) => new Float32Array(length),
    (length, resized) => filterTaps(length, resized, triangle),
    0,
  );
}

function resample<Values extends Uint8Array | Float32Array>(
  source: Values,
  from: Size,
  to: Size,
  channels: number,
  allocate: (length: number) => Values,
  tapsOf: (length: number, resized: number) => Taps,
  bias: number,
): Values {
  let values = source;
  if (from.width !== to.width) {
    const narrowed = allocate(to.width * from.height * channels);
    const walk = { lines: from.height, lineStep: from.width * channels, step: channels };
    filter(values, tapsOf(from.width, to.width), walk, narrowed, bias);
    values = narrowed;
  }
  if (from.height !== to.height) {
    const shortened = allocate(to.width * to.height * channels);
    // Whole rows are filtered at once: one line, whose positions lie a row apart.
    const walk = { lines: 1, lineStep: 0, step: to.width * channels };
    filter(values, tapsOf(from.height, to.height), walk, shortened, bias);
    values = shortened;
  }
  return values === source ? (source.slice() as Values) : values;
}

/** Per target position: the first source position, the number of them, and their weights in a row of `reach`. */
export interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** The sum of each row is 1. */
  readonly weights: Float64Array;
  readonly reach: number;
}

/** Some target positions of a line. */
interface Part {
  readonly start: number;
  readonly count: number;
}

/**
 * The taps of a filter over a line of `length` values that is brought to `resized`, of all of it or of a part: those inside of it, their weights
 * divided by their sum.
 */
export function filterTaps(
  length: number,
  resized: number,
  { reach: narrowest, weight }: ResampleFilter,
  part: Part = { start: 0, count: resized },
): Taps {
  const scale = length / resized;
  const widening = Math.max(scale, 1);
  const support = narrowest * widening;
  const reach = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(part.count);
  const count = new Int32Array(part.count);
  const weights = new Float64Array(part.count * reach);
  for (let i = 0; i < part.count; i++) {
    const centre = (part.start + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(length, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let at = start; at < end; at++) {
      const share = weight((at - centre + 0.5) / widening);
      weights[i * reach + at - start] = share;
      sum += share;
    }
    for (let tap = 0; tap < end - start; tap++) weights[i * reach + tap]! /= sum;
    first[i] = start;
    count[i] = end - start;
  }
  return { first, count, weights, reach };
}

/** The same with weights of 22 fractional bits. */
function fixedPoint(length: number, resized: number, by: ResampleFilter, part?: Part): Taps {
  const taps = filterTaps(length, resized, by, part);
  return { ...taps, weights: taps.weights.map((weight) => Math.floor(weight * 2 ** 22 + 0.5) / 2 ** 22) };
}

/** How a pass walks: per line, positions `step` apart, at each of which `step` neighbouring values are filtered alike. */
interface Walk {
  readonly lines: number;
  readonly lineStep: number;
  readonly step: number;
}

/** Fills `out`. With a bias of 0.5 the cut to integers, which storing into bytes does, rounds. */
function filter(
  source: Uint8Array | Float32Array,
  { first, count, weights, reach }: Taps,
  { lines, lineStep, step }: Walk,
  out: Uint8Array | Float32Array,
  bias: number,
): void {
  // A cubic filter reaches beyond the range of its values, and rounded weights may add up to a little more than 1.
  const [least, most] = out instanceof Uint8Array ? [0, 255] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  let to = 0;
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < first.length; i++) {
      const from = line * lineStep + first[i]! * step;
      const taken = count[i]!;
      for (let j = 0; j < step; j++) {
        let sum = bias;
        for (let tap = 0, at = from + j; tap < taken; tap++, at += step) sum += source[at]! * weights[i * reach + tap]!;
        out[to++] = Math.max(least, Math.min(sum, most));
      }
    }
  }
}
