import { invertBytes } from '../../numeric/simd/invert-bytes.ts';
import type { ConditionMap, Extractor, RgbImage } from '../contract/condition.ts';

/** The negative: 255 minus every value. */
export const invert = {
  extract({ width, height, data }: RgbImage): ConditionMap {
    return { map: { width, height, data: invertBytes(data) }, warnings: [] };
  },
} satisfies Extractor<unknown>;
