import { resamplePlane } from '../../numeric/resample.ts';
import type { AnnotatorSource, ConditionMap, Extractor, RgbImage } from '../condition.ts';
import { greyMap, toBytes } from '../grey-map.ts';
import { inspectPhoto } from '../inspect-map.ts';
import { remarks } from '../remarks.ts';
import { nearness, nearnessSize } from './nearness.ts';
import type { DepthOptions } from './options.ts';
import { percentiles } from './percentile.ts';

/** Distance from the camera, near is white and far is black, at the size of the picture. */
export const depth = {
  async extract(image: RgbImage, options: DepthOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    const levels = depthLevels(await nearness(image, networks), options);
    const blank = levels.every((level) => level === levels[0])
      ? 'depth: everything lies at one distance; widen far and near, or send a picture of a scene.'
      : undefined;
    const map = greyMap(toBytes(resamplePlane(levels, nearnessSize, image)), image);
    return { map, ...remarks(inspectPhoto('depth', image), blank) };
  },
} satisfies Extractor<DepthOptions>;

/**
 * Grey levels 0..1 from inverse depth: the percentile `far` becomes 0 and `near` becomes 1, what lies beyond is cut off,
 * then gamma and inversion.
 */
export function depthLevels(inverse: Float32Array, { far, near, gamma, invert }: DepthOptions): Float32Array {
  const [low, high] = percentiles(inverse, [far, near]) as [number, number];
  const range = Math.max(high - low, 1e-6);
  return inverse.map((value) => {
    const level = Math.min(Math.max((value - low) / range, 0), 1) ** gamma;
    return invert ? 1 - level : level;
  });
}
