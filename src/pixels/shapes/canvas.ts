import type { Colour, RgbImage } from '../rgb-image.ts';

/** A position in pixels: x to the right, y down. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A black picture to draw on; whoever made it may write to its data. */
export function blackCanvas(width: number, height: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3) };
}

/** Colours one pixel; nothing where it lies outside. */
export function putPixel({ width, height, data }: RgbImage, x: number, y: number, colour: Colour): void {
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  const at = (y * width + x) * 3;
  data[at] = colour[0];
  data[at + 1] = colour[1];
  data[at + 2] = colour[2];
}

/** Colours the pixels from `left` to `right`, both included, of row `y`; what lies outside is left out. */
export function fillSpan(canvas: RgbImage, y: number, left: number, right: number, colour: Colour): void {
  if (y < 0 || y >= canvas.height) return;
  const last = Math.min(right, canvas.width - 1);
  for (let x = Math.max(left, 0); x <= last; x++) putPixel(canvas, x, y, colour);
}
