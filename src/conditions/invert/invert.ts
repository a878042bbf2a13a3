import type { ConditionMap, Extractor, RgbImage } from '../condition.ts';

/** The negative: 255 minus every value. */
export const invert = {
  extract(image: RgbImage): ConditionMap {
    const { width, height } = image;
    const data = new Uint8Array(image.data);
    const words = new Uint32Array(data.buffer, 0, data.length >> 2);
    for (let i = 0; i < words.length; i++) words[i] = ~words[i]!;
    for (let i = words.length * 4; i < data.length; i++) data[i] = ~data[i]!;
    return { map: { width, height, data }, warnings: [] };
  },
} satisfies Extractor<unknown>;
