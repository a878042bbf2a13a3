import type { Size } from '../numeric/size.ts';
import type { MaskedImage } from './rgb-image.ts';

/**
 * The part of a source that a pass draws. What steers it is brought to the source's size, cut to `box`, and brought to the working
 * size, which is that of the pass.
 */
export interface Frame {
  readonly source: Size;
  readonly box: Box;
  readonly working: Size;
}

/** A part of a picture, in its pixels: whole numbers, all of it inside. */
export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

/** All of a source, at its own size: the frame of a drawing that starts from noise. */
export function wholeFrame({ width, height }: Size): Frame {
  const size = { width, height };
  return { source: size, box: { x: 0, y: 0, ...size }, working: size };
}

/** The same part of the same source, seen at another working size. */
export function frameAt({ source, box, working }: Frame, { width, height }: Size): Frame {
  const across = spanAt(source.width, box.x, box.width, width / working.width);
  const down = spanAt(source.height, box.y, box.height, height / working.height);
  return {
    source: { width: across.whole, height: down.whole },
    box: { x: across.start, y: down.start, width: across.length, height: down.length },
    working: { width, height },
  };
}

/** A part of a line after it is scaled, in whole positions: at least one, all of it inside. */
function spanAt(whole: number, start: number, length: number, factor: number) {
  const scaled = (position: number): number => Math.round(position * factor);
  const total = Math.max(1, scaled(whole));
  const first = Math.min(scaled(start), total - 1);
  return { whole: total, start: first, length: Math.max(1, scaled(start + length) - first) };
}

/** The pixels in a box, and what of them is masked; the picture itself where the box is all of it. */
export function cut(image: MaskedImage, { x, y, width, height }: Box): MaskedImage {
  if (width === image.width && height === image.height) return image;
  const rows = (values: Uint8Array, channels: number): Uint8Array => {
    const part = new Uint8Array(width * height * channels);
    for (let row = 0; row < height; row++) {
      const at = ((y + row) * image.width + x) * channels;
      part.set(values.subarray(at, at + width * channels), row * width * channels);
    }
    return part;
  };
  const masked = image.masked === undefined ? {} : { masked: rows(image.masked, 1) };
  return { width, height, data: rows(image.data, 3), ...masked };
}
