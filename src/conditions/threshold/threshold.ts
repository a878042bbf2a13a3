import type { ConditionMap, Extractor } from '../contract/condition.ts';
import { lumaOf } from '../../pixels/luma.ts';
import type { ThresholdOptions } from './options.ts';
import { otsuLevel } from '../../pixels/otsu.ts';
import { whiteAbove } from '../../pixels/white-above.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** Black and white by brightness: cv2.threshold on the grey picture with THRESH_BINARY or THRESH_BINARY_INV. */
export const threshold = {
  extract(image: RgbImage, { level, inverted }: ThresholdOptions): ConditionMap {
    const { values, histogram } = lumaOf(image);
    const limit = level ?? otsuLevel(histogram);
    const data = whiteAbove(values, limit, inverted);
    const blank = data.includes(0) && data.includes(255) ? undefined : remark(data[0] === 0, limit, level === null);
    const warnings = blank === undefined ? [] : [blank];
    return { map: { width: image.width, height: image.height, data }, warnings, blank };
  },
} satisfies Extractor<ThresholdOptions>;

function remark(black: boolean, limit: number, chosen: boolean): string {
  const colour = black ? 'black' : 'white';
  return chosen
    ? `threshold: the map is all ${colour}, because the picture has one brightness only.`
    : `threshold: the map is all ${colour}, because every pixel lies on one side of level ${limit}; set another level, or null to have it chosen.`;
}
