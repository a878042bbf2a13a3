import { resampleBytes } from '../../numeric/resample.ts';
import { type Tensor, tensor } from '../../numeric/tensor.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { Size } from '../../numeric/size.ts';

/** What a network wants instead of a value of 0..255; called once for each of the 256 values and 3 channels. */
export type Normalize = (value: number, channel: number) => number;

export const asTheyAre: Normalize = (value) => value;
export const zeroToOne: Normalize = (value) => value / 255;

/** The picture at another size; itself where it has that size already. */
export function resizeTo(image: RgbImage, size: Size): RgbImage {
  const { width, height } = size;
  if (image.width === width && image.height === height) return image;
  return { width, height, data: resampleBytes(image.data, image, size, 3) };
}

/**
 * The size at which a network without a size of its own sees a picture: the short side is at most `resolution`, the area at
 * most four squares of it, never larger than the picture. So time and memory are bounded for long pictures too.
 */
export function boundedSize({ width, height }: Size, resolution: number): Size {
  const bySide = resolution / Math.min(width, height);
  const byArea = (2 * resolution) / Math.sqrt(width * height);
  const factor = Math.min(1, bySide, byArea);
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

/** [1, 3, height, width] */
export function planarInput({ width, height, data }: RgbImage, normalize: Normalize): Tensor {
  const area = width * height;
  const values = new Float32Array(3 * area);
  for (let channel = 0; channel < 3; channel++) {
    const table = Float32Array.from({ length: 256 }, (_, value) => normalize(value, channel));
    for (let i = 0, j = channel; i < area; i++, j += 3) values[channel * area + i] = table[data[j]!]!;
  }
  return tensor([1, 3, height, width], values);
}

/**
 * [1, height, width, channels]; the channels after the third are ones.
 *
 * @param channels 3 or 4.
 */
export function interleavedInput({ width, height, data }: RgbImage, normalize: Normalize, channels = 3): Tensor {
  const values = new Float32Array(width * height * channels).fill(1);
  for (let channel = 0; channel < 3; channel++) {
    const table = Float32Array.from({ length: 256 }, (_, value) => normalize(value, channel));
    for (let i = channel, j = channel; j < data.length; i += channels, j += 3) values[i] = table[data[j]!]!;
  }
  return tensor([1, height, width, channels], values);
}
