import sharp from 'sharp';

import type { RgbImage } from '../conditions/condition.ts';
import { ArmatureError } from '../errors.ts';
import type { ResizeMode } from '../generation/plan.ts';
import { isThinLineArt, otsuThreshold, paintMask, thin, whiteMask } from './binary-map.ts';
import { placement, type Size } from './geometry.ts';

/**
 * A photograph at another size: averaged when it shrinks, cubic when it grows. `crop` cuts what is too much on both
 * sides, `fill` adds bars in the median colour of the picture's border. A picture of the target's size is returned as
 * it is.
 *
 * @throws ArmatureError `invalid_image` where the shapes differ so much that a side would pass a million pixels.
 */
export async function resizePhoto(image: RgbImage, target: Size, mode: ResizeMode): Promise<RgbImage> {
  if (sameSize(image, target)) return image;
  return resample(image, target, mode, kernelFor(image, target));
}

/**
 * A ready-made map at another size, without colours that it did not have: maps of up to 199 colours (segmentation, poses)
 * by nearest neighbour; black and white ones are resampled and split again at Otsu's threshold, and lines of one pixel are
 * thinned to one pixel; all others as photographs. A map of the target's size is returned as it is, bit for bit.
 *
 * The kinds are those of the ControlNet extension (`high_quality_resize`).
 *
 * @throws ArmatureError as {@link resizePhoto}.
 */
export async function resizeMap(map: RgbImage, target: Size, mode: ResizeMode): Promise<RgbImage> {
  if (sameSize(map, target)) return map;
  const kind = kindOfMap(map);
  if (kind === 'flat colours') return resample(map, target, mode, 'nearest');
  const resized = await resample(map, target, mode, kernelFor(map, target));
  if (kind === 'continuous') return resized;
  const mask = whiteMask(resized, otsuThreshold(resized.data));
  const lines = isThinLineArt(whiteMask(map, 127), map.width, map.height);
  return paintMask(lines ? thin(mask, target.width, target.height) : mask, target.width, target.height);
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

type Kernel = 'nearest' | 'linear' | 'cubic';

/** libvips widens its linear kernel to the shrink factor, so that every source pixel counts. */
function kernelFor(source: Size, target: Size): Kernel {
  return target.width * target.height < source.width * source.height ? 'linear' : 'cubic';
}

function sameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

const longestSide = 1_000_000;

async function resample(image: RgbImage, target: Size, mode: ResizeMode, kernel: Kernel): Promise<RgbImage> {
  const { resized, x, y } = placement(image, target, mode);
  if (Math.max(resized.width, resized.height) > longestSide) {
    throw new ArmatureError(
      'invalid_image',
      `A picture of ${image.width}x${image.height} is too narrow to be cropped to ${target.width}x${target.height}; use "resize": "fill" or "stretch".`,
    );
  }
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  let pipeline = sharp(image.data, { raw, limitInputPixels: false }).resize(resized.width, resized.height, {
    fit: 'fill',
    kernel,
  });
  if (mode === 'crop') pipeline = pipeline.extract({ left: x, top: y, width: target.width, height: target.height });
  if (mode === 'fill') {
    const [r, g, b] = borderColour(image);
    const right = target.width - resized.width - x;
    const bottom = target.height - resized.height - y;
    pipeline = pipeline.extend({ left: x, top: y, right, bottom, background: { r, g, b } });
  }
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

/** Per channel the median of the four border lines (corners count twice); between two values their mean, cut to integer. */
export function borderColour({ data, width, height }: RgbImage): readonly [number, number, number] {
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
