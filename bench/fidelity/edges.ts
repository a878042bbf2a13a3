import { canny } from '../../src/conditions/canny/canny.ts';
import { cannyOptions } from '../../src/conditions/canny/options.ts';
import { edgeAgreement } from '../../src/conditions/fidelity/edge-agreement.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';

/** Softer pictures than the scenes' renders: lower thresholds. */
const thresholds = cannyOptions.parse({ low_threshold: 60, high_threshold: 140 });

/** F1 at 2 pixels of a picture's own edges against a map of edges. */
export function agreement(picture: RgbImage, map: RgbImage): number {
  const { map: own } = canny.extract(picture, thresholds);
  return edgeAgreement(own, map, 2).f1;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
