import type { AnnotatorSource, ConditionMap, Extractor } from '../contract/condition.ts';
import { greyMap, toBytes } from '../../pixels/grey-map.ts';
import { pulledLines } from './network-lines.ts';
import { remarks } from '../contract/remarks.ts';
import type { KernelOptions, LineartOptions } from './options.ts';
import { standardLines } from './standard.ts';
import { xdogLines } from './xdog.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** White lines on black, at the size of the picture. */
export const lineart = {
  async extract(image: RgbImage, options: LineartOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    const lines =
      'network' in options
        ? toBytes(await pulledLines(image, options.network, networks, options.resolution))
        : drawnLines(image, options);
    const blank = lines.some((value) => value >= visible) ? undefined : blankness(options);
    return { map: greyMap(lines, image), ...remarks([], blank) };
  },
} satisfies Extractor<LineartOptions>;

/** Anything darker is black to the eye. */
const visible = 32;

function drawnLines(image: RgbImage, options: KernelOptions): Uint8Array {
  return options.method === 'xdog' ? xdogLines(image, options) : standardLines(image, options);
}

function blankness(options: LineartOptions): string {
  if ('network' in options) return `lineart: the network ${options.network} drew no lines; send another picture.`;
  return `lineart: no lines found with threshold ${options.threshold}; lower threshold, raise intensity, or send a picture with more contrast.`;
}
