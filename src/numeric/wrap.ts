import type { Size } from './size.ts';

/** Along which axes a picture is the repeat of a pattern: its opposite edges meet. */
export type Tiling = 'x' | 'y' | 'both';

export function wrapsAlong(tiling: Tiling | undefined, axis: 'x' | 'y'): boolean {
  return tiling === axis || tiling === 'both';
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * How much of a pattern lies around it on each side while it is brought to another size: at least `least` cells along the axes that it
 * repeats along, and as many as become whole cells; none along the others.
 */
export function marginsOf(
  from: Size,
  to: Size,
  tiling: Tiling | undefined,
  least: number,
): { readonly before: Point; readonly after: Point } {
  const along = (axis: 'x' | 'y', length: number, resized: number): readonly [number, number] => {
    if (!wrapsAlong(tiling, axis)) return [0, 0];
    const whole = length / commonDivisor(length, resized);
    const cells = Math.ceil(least / whole) * whole;
    return [cells, (cells * resized) / length];
  };
  const [x, afterX] = along('x', from.width, to.width);
  const [y, afterY] = along('y', from.height, to.height);
  return { before: { x, y }, after: { x: afterX, y: afterY } };
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** A window of a pattern, of `channels` values a cell, row by row, into `out`; what lies outside of the pattern is its repeat. Returns `out`. */
export function repeated<Values extends Float32Array | Uint8Array>(
  pattern: Values,
  { width, height }: Size,
  window: Point & Size,
  channels: number,
  out: Values,
): Values {
  let to = 0;
  for (let y = window.y; y < window.y + window.height; y++) {
    const row = modulo(y, height) * width;
    for (let x = window.x; x < window.x + window.width; x++) {
      const at = (row + modulo(x, width)) * channels;
      for (let channel = 0; channel < channels; channel++) out[to++] = pattern[at + channel]!;
    }
  }
  return out;
}

function modulo(place: number, length: number): number {
  return ((place % length) + length) % length;
}
