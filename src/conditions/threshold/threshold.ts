import type { ConditionMap, Extractor, RgbImage } from '../condition.ts';
import { luma } from './luma.ts';
import type { ThresholdOptions } from './options.ts';
import { otsuLevel } from './otsu.ts';

/** Black and white by brightness: cv2.threshold on the grey picture with THRESH_BINARY or THRESH_BINARY_INV. */
export const threshold = {
  extract(image: RgbImage, { level, inverted }: ThresholdOptions): ConditionMap {
    const grey = luma(image);
    const limit = level ?? otsuLevel(grey);
    const data = new Uint8Array(image.data.length);
    let white = 0;
    for (let i = 0, j = 0; i < grey.length; i++, j += 3) {
      if (grey[i]! > limit === inverted) continue;
      data[j] = 255;
      data[j + 1] = 255;
      data[j + 2] = 255;
      white++;
    }
    const blank = white === 0 || white === grey.length;
    const warnings = blank ? [remark(white === 0 ? 'black' : 'white', limit, level === null)] : [];
    return { map: { width: image.width, height: image.height, data }, warnings };
  },
} satisfies Extractor<ThresholdOptions>;

function remark(colour: string, limit: number, chosen: boolean): string {
  return chosen
    ? `threshold: the map is all ${colour}, because the picture has one brightness only.`
    : `threshold: the map is all ${colour}, because every pixel lies on one side of level ${limit}; set another level, or null to have it chosen.`;
}
