import { invertBytes } from '../../numeric/simd/invert-bytes.ts';
import type { ConditionMap, Extractor } from '../contract/condition.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** The negative: 255 minus every value. */
export const invert = {
  extract({ width, height, data }: RgbImage): ConditionMap {
    return { map: { width, height, data: invertBytes(data) }, warnings: [] };
  },
} satisfies Extractor<unknown>;
