import type { Size } from './size.ts';

/** The part of a resized picture that is wanted; the rest is not computed. */
export interface Window extends Size {
  readonly x: number;
  readonly y: number;
}

/**
 * Values at another size, each a copy of that under its centre: no new values. Of `window` of it, all of it if none is named.
 *
 * @param data width x height pixels of `channels` values each; not changed.
 */
export function sampleNearest(
  data: Uint8Array,
  from: Size,
  to: Size,
  channels: number,
  window: Window = { x: 0, y: 0, width: to.width, height: to.height },
): Uint8Array {
  const columns = picked(from.width, to.width, window.x, window.width);
  const rows = picked(from.height, to.height, window.y, window.height);
  const out = new Uint8Array(window.width * window.height * channels);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const source = (row * from.width + column) * channels;
      for (let channel = 0; channel < channels; channel++) out[at++] = data[source + channel]!;
    }
  }
  return out;
}

function picked(length: number, resized: number, first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => Math.floor(((first + i + 0.5) * length) / resized));
}
