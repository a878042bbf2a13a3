import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { RgbImage } from '../pixels/rgb-image.ts';

/**
 * A font of the package's own, so that Latin, Greek and Cyrillic letters look the same on every machine. Other letters come
 * from the machine's fonts; without one that has them they are boxes with their code.
 */
const font = { name: 'DejaVu Sans', file: fileURLToPath(new URL('fonts/DejaVuSans.ttf', import.meta.url)) };

/** Height of a letter with its room above and below, in pixels; and the most of a text that is drawn, in characters. */
export const textSizes = { small: 9, large: 15 } as const;
const longest = 4000;

/** A drawn text: for each pixel from 0 (none of it) to 255, row by row. */
export interface DrawnText {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * A text in letters of `size` pixels; broken into lines between words, or within long ones, where a width is given. One that comes
 * out too large for any picture is cut; one without anything to see has no size.
 */
export async function drawnText(text: string, size: number, width?: number): Promise<DrawnText> {
  const shown = text.slice(0, longest);
  const wrap = width === undefined ? {} : ({ width: Math.max(1, width), wrap: 'word-char' } as const);
  for (let end = shown.length; end > 0; end = Math.floor(end / 2)) {
    const letters = escaped(shown.slice(0, end));
    if (letters.trim() === '') break;
    // 72 dots an inch: a point is a pixel.
    const written = { text: letters, font: `${font.name} ${size}`, fontfile: font.file, dpi: 72 };
    const drawing = sharp({ text: { ...written, ...wrap } })
      .extractChannel(0)
      .raw();
    // Too many pixels, and letters that are all invisible, are errors: of half of it they may not be.
    const drawn = await drawing.toBuffer({ resolveWithObject: true }).catch(() => null);
    if (drawn !== null) return { width: drawn.info.width, height: drawn.info.height, data: drawn.data };
  }
  return { width: 0, height: 0, data: new Uint8Array() };
}

/** As markup; what is no letter, such as half of one that was cut, is a space. */
function escaped(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cs}]+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/**
 * Puts a drawn text onto a picture, in place, in a shade of grey; its upper left corner is at (x, y). What lies outside of the
 * picture or beyond `maxWidth` is left out.
 */
export function putText(
  picture: RgbImage,
  text: DrawnText,
  x: number,
  y: number,
  { colour = 0, maxWidth = Infinity } = {},
): void {
  const width = Math.min(text.width, maxWidth, picture.width - x);
  const height = Math.min(text.height, picture.height - y);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const share = text.data[row * text.width + column]! / 255;
      if (share === 0) continue;
      const at = ((y + row) * picture.width + x + column) * 3;
      for (let channel = at; channel < at + 3; channel += 1)
        picture.data[channel] = Math.round(picture.data[channel]! * (1 - share) + colour * share);
    }
  }
}
