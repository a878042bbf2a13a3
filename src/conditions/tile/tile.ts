import { averageArea } from '../../numeric/area-average.ts';
import { resampleCubicRgb } from '../../numeric/cubic-resample.ts';
import type { ConditionMap, Extractor } from '../contract/condition.ts';
import type { TileOptions } from './options.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** The picture without its fine detail: averaged to a smaller size (ControlNet's tile_resample), then enlarged again. */
export const tile = {
  extract(image: RgbImage, { factor }: TileOptions): ConditionMap {
    return { map: withoutDetail(image, factor), warnings: [] };
  },
} satisfies Extractor<TileOptions>;

function withoutDetail(image: RgbImage, factor: number): RgbImage {
  const { width, height } = image;
  if (factor === 1) return { width, height, data: new Uint8Array(image.data) };
  const side = (length: number): number => Math.max(1, Math.floor(length / factor));
  const small = { width: side(width), height: side(height) };
  const averages = averageArea(image.data, image, small, 3);
  return { width, height, data: resampleCubicRgb(averages, small, image) };
}
