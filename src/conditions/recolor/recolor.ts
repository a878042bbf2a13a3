import type { ConditionMap, Extractor } from '../contract/condition.ts';
import { lightness } from './lightness.ts';
import type { RecolorOptions } from './options.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** The picture without its colours, from which new ones are drawn: ControlNet's recolor_luminance and recolor_intensity. */
export const recolor = {
  extract(image: RgbImage, { mode, gamma }: RecolorOptions): ConditionMap {
    const brightness = mode === 'luminance' ? lightness : intensity;
    const curve = Uint8Array.from({ length: 256 }, (_, value) => Math.round((value / 255) ** gamma * 255));
    const source = image.data;
    const data = new Uint8Array(source.length);
    for (let i = 0; i < data.length; i += 3) {
      const value = curve[brightness(source[i]!, source[i + 1]!, source[i + 2]!)]!;
      data[i] = value;
      data[i + 1] = value;
      data[i + 2] = value;
    }
    return { map: { width: image.width, height: image.height, data }, warnings: [] };
  },
} satisfies Extractor<RecolorOptions>;

/** V of HSV. As a function that is passed on, Math.max is slower. */
function intensity(red: number, green: number, blue: number): number {
  const most = red > green ? red : green;
  return most > blue ? most : blue;
}
