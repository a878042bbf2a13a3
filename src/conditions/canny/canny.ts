import type { ConditionMap, Extractor } from '../contract/condition.ts';
import { inspectPhoto } from '../contract/inspect-photo.ts';
import { cannyPhoto } from './checks.ts';
import { cannyEdges } from './edges.ts';
import type { CannyOptions } from './options.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** White edges on black, at the size of the picture. */
export const canny = {
  extract(image: RgbImage, options: CannyOptions): ConditionMap {
    const { low_threshold: low, high_threshold: high, l2_gradient: l2 } = options;
    const edges = cannyEdges(image, { low, high, l2 });
    const blank = edges.includes(255)
      ? undefined
      : `canny: no edges found with thresholds ${low}/${high}; lower low_threshold and high_threshold, or send a picture with more contrast.`;
    const warnings = [...inspectPhoto(cannyPhoto, image), ...(blank === undefined ? [] : [blank])];
    return { map: spread(edges, image), warnings, blank };
  },
} satisfies Extractor<CannyOptions>;

/** One value a pixel to three equal channels. */
function spread(values: Uint8Array, { width, height }: RgbImage): RgbImage {
  const data = new Uint8Array(values.length * 3);
  for (let i = 0, j = 0; i < values.length; i++, j += 3) {
    const value = values[i]!;
    if (value === 0) continue;
    data[j] = value;
    data[j + 1] = value;
    data[j + 2] = value;
  }
  return { width, height, data };
}
