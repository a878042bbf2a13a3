import sharp from 'sharp';

import type { ResizeMode } from '../pixels/resize-mode.ts';
import { isThinLineArt, otsuThreshold, paintMask, thin, whiteMask } from '../pixels/binary-map.ts';
import { extendColours } from '../pixels/extend-colours.ts';
import { placement } from '../pixels/geometry.ts';
import { cubicConvolution, nearestNeighbour } from '../pixels/interpolate.ts';
import type { Colour, MaskedImage, RgbImage } from '../pixels/rgb-image.ts';
import type { Window } from '../numeric/nearest-sample.ts';
import type { Size } from '../numeric/size.ts';

/**
 * A photograph at another size: averaged where it shrinks, cubic where it grows. `crop` cuts what is too much on both
 * sides, `fill` adds bars in the median colour of the picture's border, or masked ones where the picture has a mask. A
 * picture of the target's size is returned as it is.
 */
export async function resizePhoto(image: MaskedImage, target: Size, mode: ResizeMode): Promise<MaskedImage> {
  if (sameSize(image, target)) return image;
  if (image.masked !== undefined) return resizeMasked(image, image.masked, target, mode);
  return resample(image, target, mode, 'smooth');
}

/**
 * A ready-made map at another size, without colours that it did not have: maps of up to 199 colours (segmentation, poses)
 * by nearest neighbour; black and white ones are resampled and split again at Otsu's threshold, and lines of one pixel are
 * thinned to one pixel; all others, and those with a mask, as photographs. A map of the target's size is returned as it is, bit for bit.
 *
 * The kinds are those of the ControlNet extension (`high_quality_resize`).
 */
export async function resizeMap(map: MaskedImage, target: Size, mode: ResizeMode): Promise<MaskedImage> {
  if (sameSize(map, target) || map.masked !== undefined) return resizePhoto(map, target, mode);
  const kind = kindOfMap(map);
  if (kind === 'flat colours') return resample(map, target, mode, 'nearest');
  const resized = await resample(map, target, mode, 'smooth');
  if (kind === 'continuous') return resized;
  const mask = whiteMask(resized, otsuThreshold(resized.data));
  const lines = isThinLineArt(whiteMask(map, 127), map.width, map.height);
  return paintMask(lines ? thin(mask, target.width, target.height) : mask, target.width, target.height);
}

/** A mask of black to white as a photograph, but black in the bars that `fill` adds. */
export async function resizeMask(mask: RgbImage, target: Size, mode: ResizeMode): Promise<RgbImage> {
  return sameSize(mask, target) ? mask : await resample(mask, target, mode, 'smooth', black);
}

/** A pixel is masked where most of what it was made of is. Colours beneath the mask have no part in those beside it. */
async function resizeMasked(image: RgbImage, masked: Uint8Array, target: Size, mode: ResizeMode): Promise<MaskedImage> {
  const mask = paintMask(masked, image.width, image.height);
  const [colours, cover] = await Promise.all([
    resample(extendColours(image, masked), target, mode, 'smooth'),
    resample(mask, target, mode, 'smooth', white),
  ]);
  return { ...colours, masked: whiteMask(cover, 127) };
}

type MapKind = 'black and white' | 'flat colours' | 'continuous';

function kindOfMap({ data }: RgbImage): MapKind {
  const colours = new Set<number>();
  let previous = -1;
  for (let i = 0; i < data.length; i += 3) {
    const colour = (data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!;
    if (colour === previous) continue;
    previous = colour;
    colours.add(colour);
    if (colours.size > 199) return 'continuous';
  }
  const blackAndWhite = colours.size === 2 && colours.has(0) && colours.has(0xffffff);
  return blackAndWhite ? 'black and white' : 'flat colours';
}

type Interpolation = 'smooth' | 'nearest';

function sameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

const black: Colour = [0, 0, 0];
const white: Colour = [255, 255, 255];

/** `border` is the colour of the bars that `fill` adds. */
async function resample(
  image: RgbImage,
  target: Size,
  mode: ResizeMode,
  how: Interpolation,
  border: Colour = borderColour(image),
): Promise<RgbImage> {
  const { resized, x, y } = placement(image, target, mode);
  if (mode === 'fill') {
    const content = await resizeWindow(image, resized, { x: 0, y: 0, ...resized }, how);
    return paste(content, x, y, canvas(target, border));
  }
  return resizeWindow(image, resized, { x, y, ...target }, how);
}

async function resizeWindow(image: RgbImage, resized: Size, window: Window, how: Interpolation): Promise<RgbImage> {
  if (how === 'nearest') return nearestNeighbour(image, resized, window);
  return cubicConvolution(await shrink(image, resized), resized, window);
}

/**
 * Averages along the axes on which `size` is smaller. libvips widens its linear kernel to the shrink factor, so that every
 * source pixel counts. It is not used to enlarge: there it lies half a pixel off.
 */
async function shrink(image: RgbImage, size: Size): Promise<RgbImage> {
  const width = Math.min(image.width, size.width);
  const height = Math.min(image.height, size.height);
  if (sameSize(image, { width, height })) return image;
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  const { data } = await sharp(image.data, { raw, limitInputPixels: false })
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function canvas({ width, height }: Size, colour: Colour): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += 3) data.set(colour, i);
  return { width, height, data };
}

/** Writes a picture into a larger one, which is returned. */
function paste(content: RgbImage, x: number, y: number, onto: RgbImage): RgbImage {
  const length = content.width * 3;
  for (let row = 0; row < content.height; row++) {
    onto.data.set(content.data.subarray(row * length, (row + 1) * length), ((y + row) * onto.width + x) * 3);
  }
  return onto;
}

/** Per channel the median of the four border lines (corners count twice); between two values their mean, cut to integer. */
export function borderColour({ data, width, height }: RgbImage): Colour {
  const median = (channel: number): number => {
    const values: number[] = [];
    for (let x = 0; x < width; x++) {
      values.push(data[x * 3 + channel]!, data[((height - 1) * width + x) * 3 + channel]!);
    }
    for (let y = 0; y < height; y++) {
      values.push(data[y * width * 3 + channel]!, data[(y * width + width - 1) * 3 + channel]!);
    }
    const sorted = Uint8Array.from(values).toSorted();
    const middle = sorted.length / 2;
    return Math.floor((sorted[middle - 1]! + sorted[middle]!) / 2);
  };
  return [median(0), median(1), median(2)];
}
