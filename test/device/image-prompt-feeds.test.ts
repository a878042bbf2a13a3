import { describe, expect, it } from 'vitest';
import { imagePromptFeeds } from '../../src/device/image-prompt-feeds.ts';
import type { ImageTokens, RowImage } from '../../src/pipeline/networks/networks.ts';

const attentions = [
  { layer: 'down', width: 2, level: 0 },
  { layer: 'mid', width: 3, level: 2 },
];

/** Keys count up from `first`, values are their opposites. */
function tokens(count: number, first: number): ImageTokens {
  const keys = attentions.map(({ width }) => Float32Array.from({ length: count * width }, (_, i) => first + i));
  return { count, keys, values: keys.map((own) => own.map((value) => -value)) };
}

function image(count: number, first: number, weightsAt: RowImage['weightsAt'] = () => Float32Array.of(1)): RowImage {
  return { tokens: tokens(count, first), weightsAt };
}

const latents = { width: 134, height: 132 };

describe('what a UNet is fed with for image prompts', () => {
  const feeds = imagePromptFeeds(
    attentions,
    2,
    [[image(2, 1, () => Float32Array.of(0.5))], [], [image(3, 10), image(1, 20)]],
    latents,
  );

  it('has keys and values of each row, repeated up to one length, and zeros where a slot is free', () => {
    const keys = feeds['down.image_keys.0']!;
    expect(keys.dims).toEqual([3, 6, 2]);
    expect([...keys.data.subarray(0, 12)]).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
    expect([...keys.data.subarray(12, 24)]).toEqual(Array.from({ length: 12 }, () => 0));
    expect([...keys.data.subarray(24)]).toEqual([10, 11, 12, 13, 14, 15, 10, 11, 12, 13, 14, 15]);
    expect([...feeds['mid.image_values.1']!.data]).toEqual([0, 0, 0, 0, 0, 0, -20, -21, -22]);
  });

  it('has a weight for each row and level, 0 where a slot is free', () => {
    expect(feeds['image_weight.0.0']).toEqual({ dims: [3, 1, 1], data: Float32Array.of(0.5, 0, 1) });
    expect([...feeds['image_weight.2.1']!.data]).toEqual([0, 0, 1]);
    expect(Object.keys(feeds).filter((name) => name.startsWith('image_weight'))).toHaveLength(4);
  });

  it("weighs places at the level's own height and width", () => {
    const left: RowImage['weightsAt'] = ({ width, height }) =>
      Float32Array.from({ length: width * height }, (_, place) => (place % width < width / 2 ? 0.8 : 0));
    const rows = [[image(1, 0, left)], [image(1, 0)]];
    const { dims, data } = imagePromptFeeds(attentions, 1, rows, latents)['image_weight.2.0']!;
    // 132 x 134 is halved to 66 x 67 and to 33 x 34: no square root of the number of places says so.
    expect(dims).toEqual([2, 33 * 34, 1]);
    for (let y = 0; y < 33; y++) {
      for (let x = 0; x < 34; x++) {
        expect(data[y * 34 + x]).toBeCloseTo(x < 17 ? 0.8 : 0);
        expect(data[33 * 34 + y * 34 + x]).toBe(1);
      }
    }
  });
});
