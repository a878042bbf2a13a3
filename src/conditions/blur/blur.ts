import { gaussianBlurRgb } from '../../numeric/gaussian-blur.ts';
import type { ConditionMap, Extractor } from '../contract/condition.ts';
import type { BlurOptions } from './options.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** The picture blurred by a Gaussian, bit for bit as cv2.GaussianBlur(image, (0, 0), sigma). */
export const blur = {
  extract(image: RgbImage, { sigma }: BlurOptions): ConditionMap {
    const { width, height } = image;
    return { map: { width, height, data: gaussianBlurRgb(image.data, image, sigma) }, warnings: [] };
  },
} satisfies Extractor<BlurOptions>;
