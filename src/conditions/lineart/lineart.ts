import type { ConditionMap, Extractor, RgbImage } from '../condition.ts';
import { greyMap } from '../grey-map.ts';
import type { LineartOptions } from './options.ts';
import { standardLines } from './standard.ts';
import { xdogLines } from './xdog.ts';

/** White lines on black, at the size of the picture. */
export const lineart = {
  extract(image: RgbImage, options: LineartOptions): ConditionMap {
    const lines = options.method === 'xdog' ? xdogLines(image, options) : standardLines(image, options);
    const blank = lines.some((value) => value >= visible)
      ? undefined
      : `lineart: no lines found with threshold ${options.threshold}; lower threshold, raise intensity, or send a picture with more contrast.`;
    return { map: greyMap(lines, image), warnings: blank === undefined ? [] : [blank], blank };
  },
} satisfies Extractor<LineartOptions>;

/** Anything darker is black to the eye. */
const visible = 32;
