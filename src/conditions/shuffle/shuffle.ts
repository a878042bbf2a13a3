import { MersenneTwister } from '../../numeric/mersenne-twister.ts';
import type { ConditionMap, Extractor } from '../contract/condition.ts';
import { smoothNoise } from './flow.ts';
import type { ShuffleOptions } from './options.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/**
 * The picture with its places mixed up by a smooth random flow, so that its colours and textures remain: ControlNet's
 * content shuffle after numpy.random.seed(seed).
 */
export const shuffle = {
  extract(image: RgbImage, { seed, scale }: ShuffleOptions): ConditionMap {
    const random = new MersenneTwister(seed);
    const columns = smoothNoise(image, scale, random);
    const rows = smoothNoise(image, scale, random);
    return { map: pickLinearly(image, columns, rows), warnings: [] };
  },
} satisfies Extractor<ShuffleOptions>;

/** Each pixel from another place, given as shares 0..1 of the way across and down, interpolated between four pixels. */
function pickLinearly(image: RgbImage, columns: Float64Array, rows: Float64Array): RgbImage {
  const { width, height, data: source } = image;
  const data = new Uint8ClampedArray(source.length);
  for (let i = 0; i < columns.length; i++) {
    const x = Math.fround(columns[i]! * (width - 1));
    const y = Math.fround(rows[i]! * (height - 1));
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [right, down] = [x - left, y - top];
    const across = left + 1 < width ? 3 : 0;
    const upper = (top * width + left) * 3;
    const lower = top + 1 < height ? upper + width * 3 : upper;
    for (let channel = 0; channel < 3; channel++) {
      const above = source[upper + channel]! * (1 - right) + source[upper + across + channel]! * right;
      const below = source[lower + channel]! * (1 - right) + source[lower + across + channel]! * right;
      data[i * 3 + channel] = above * (1 - down) + below * down;
    }
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}
