import type { ConditionMap, Extractor, RgbImage } from '../condition.ts';
import { lumaOf } from './luma.ts';
import type { ThresholdOptions } from './options.ts';
import { otsuLevel } from './otsu.ts';

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

/** Three bytes for each of four pixels, white where the bit of the pixel's number is set in the index. */
const patterns = new Int32Array(
  Uint8Array.from({ length: 16 * 12 }, (_, i) => ((Math.floor(i / 12) >> Math.floor((i % 12) / 3)) & 1 ? 255 : 0))
    .buffer,
);

/** RGB pixels, white where a value lies above the limit, or with `inverted` where it does not. Four at a time. */
function whiteAbove(values: Uint8Array, limit: number, inverted: boolean): Uint8Array {
  const data = new Uint8Array(values.length * 3);
  const fours = new Int32Array(values.buffer, values.byteOffset, values.length >> 2);
  const words = new Int32Array(data.buffer, 0, fours.length * 3);
  const flip = inverted ? 15 : 0;
  // Added to a value in 16 bits, this carries into the ninth bit where the value lies above the limit.
  const carry = (255 - limit) * 0x1_0001;
  for (let i = 0, to = 0; to < words.length; i++, to += 3) {
    const four = fours[i]!;
    const firstAndThird = ((four & 0xff_00ff) + carry) & 0x100_0100;
    const secondAndFourth = (((four >>> 8) & 0xff_00ff) + carry) & 0x100_0100;
    const above = firstAndThird | (secondAndFourth << 1);
    const pattern = ((((above >>> 8) | (above >>> 22)) & 15) ^ flip) * 3;
    words[to] = patterns[pattern]!;
    words[to + 1] = patterns[pattern + 1]!;
    words[to + 2] = patterns[pattern + 2]!;
  }
  for (let i = fours.length * 4; i < values.length; i++)
    if (values[i]! > limit !== inverted) data.fill(255, i * 3, i * 3 + 3);
  return data;
}

function remark(black: boolean, limit: number, chosen: boolean): string {
  const colour = black ? 'black' : 'white';
  return chosen
    ? `threshold: the map is all ${colour}, because the picture has one brightness only.`
    : `threshold: the map is all ${colour}, because every pixel lies on one side of level ${limit}; set another level, or null to have it chosen.`;
}
