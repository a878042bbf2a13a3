import type { ConditionMap, Extractor, RgbImage } from '../condition.ts';

const everyBit = 0xffff_ffff_ffff_ffffn;

/** The negative: 255 minus every value. */
export const invert = {
  extract(image: RgbImage): ConditionMap {
    const { width, height } = image;
    const data = new Uint8Array(image.data);
    // Eight values at a time.
    const words = new BigUint64Array(data.buffer, 0, data.length >> 3);
    for (let i = 0; i < words.length; i++) words[i] = BigInt.asUintN(64, words[i]! ^ everyBit);
    for (let i = words.length * 8; i < data.length; i++) data[i] = ~data[i]!;
    return { map: { width, height, data }, warnings: [] };
  },
} satisfies Extractor<unknown>;
