import { resamplePlane } from '../../numeric/resample.ts';
import type { AnnotatorSource, ConditionMap, Extractor } from '../contract/condition.ts';
import { greyMap, toBytes } from '../../pixels/grey-map.ts';
import { inspectPhoto } from '../contract/inspect-photo.ts';
import { depthPhoto } from './checks.ts';
import { pulledNearness } from './inverse-depth.ts';
import { remarks } from '../contract/remarks.ts';
import { nearness, nearnessSize } from './nearness.ts';
import { bundledNetwork, type DepthLevels, type DepthOptions } from './options.ts';
import { percentiles } from '../../numeric/percentile.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** Distance from the camera, near is white and far is black, at the size of the picture. */
export const depth = {
  async extract(image: RgbImage, options: DepthOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    const levels = await levelsOf(image, options, networks);
    const blank = levels.every((level) => level === levels[0])
      ? 'depth: everything lies at one distance; widen far and near, or send a picture of a scene.'
      : undefined;
    const map = greyMap(toBytes(levels), image);
    return { map, ...remarks(inspectPhoto(depthPhoto, image), blank) };
  },
} satisfies Extractor<DepthOptions>;

/** At the size of the picture. FastDepth gives few pixels: there the levels are spread over the picture, not the depths. */
async function levelsOf(image: RgbImage, options: DepthOptions, networks: AnnotatorSource): Promise<Float32Array> {
  if (options.network !== bundledNetwork) {
    return depthLevels(await pulledNearness(image, options.network, networks), options);
  }
  return resamplePlane(depthLevels(await nearness(image, networks), options), nearnessSize, image);
}

/**
 * Grey levels 0..1 from inverse depth: the percentile `far` becomes 0 and `near` becomes 1, what lies beyond is cut off,
 * then gamma and inversion.
 */
export function depthLevels(inverse: Float32Array, { far, near, gamma, invert }: DepthLevels): Float32Array {
  const [low, high] = percentiles(inverse, [far, near]) as [number, number];
  const range = Math.max(high - low, 1e-6);
  return inverse.map((value) => {
    const level = Math.min(Math.max((value - low) / range, 0), 1) ** gamma;
    return invert ? 1 - level : level;
  });
}
