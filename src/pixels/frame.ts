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

/** A part of a picture, in its pixels: whole numbers, all of it inside, unless more is drawn than the picture shows. */
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

/** What lies beyond a picture: the pixels of its border going on, the same and masked, or black. */
export type Beyond = 'border' | 'masked' | 'black';

/** The pixels in a box, and what of them is masked; the picture itself where the box is all of it. */
export function cut(image: MaskedImage, { x, y, width, height }: Box, beyond: Beyond = 'border'): MaskedImage {
  if (x === 0 && y === 0 && width === image.width && height === image.height) return image;
  if (x < 0 || y < 0 || x + width > image.width || y + height > image.height) {
    return cutBeyond(image, { x, y, width, height }, beyond);
  }
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

function cutBeyond(image: MaskedImage, box: Box, beyond: Beyond): MaskedImage {
  const { width, height } = box;
  const data = new Uint8Array(width * height * 3);
  const masked = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.min(Math.max(box.y + y, 0), image.height - 1);
    for (let x = 0; x < width; x++, at++) {
      const column = Math.min(Math.max(box.x + x, 0), image.width - 1);
      const from = row * image.width + column;
      const isBeyond = row !== box.y + y || column !== box.x + x;
      masked[at] = isBeyond && beyond === 'masked' ? 1 : (image.masked?.[from] ?? 0);
      if (isBeyond && beyond === 'black') continue;
      for (let channel = 0; channel < 3; channel++) data[at * 3 + channel] = image.data[from * 3 + channel]!;
    }
  }
  return beyond === 'masked' || image.masked !== undefined ? { width, height, data, masked } : { width, height, data };
}

/** Whether a frame shows more than its source. */
export function reachesBeyond({ source, box }: Frame): boolean {
  return box.x < 0 || box.y < 0 || box.x + box.width > source.width || box.y + box.height > source.height;
}
