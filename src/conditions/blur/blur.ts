import { gaussianBlurBytes } from '../../numeric/gaussian-blur.ts';
import type { ConditionMap, Extractor, RgbImage } from '../condition.ts';
import type { BlurOptions } from './options.ts';

/** The picture blurred by a Gaussian, bit for bit as cv2.GaussianBlur(image, (0, 0), sigma). */
export const blur = {
  extract(image: RgbImage, { sigma }: BlurOptions): ConditionMap {
    const { width, height } = image;
    const data = new Uint8Array(image.data.length);
    const plane = new Uint8Array(width * height);
    for (let channel = 0; channel < 3; channel++) {
      for (let i = 0, j = channel; i < plane.length; i++, j += 3) plane[i] = image.data[j]!;
      const blurred = gaussianBlurBytes(plane, image, sigma);
      for (let i = 0, j = channel; i < plane.length; i++, j += 3) data[j] = blurred[i]!;
    }
    return { map: { width, height, data }, warnings: [] };
  },
} satisfies Extractor<BlurOptions>;
