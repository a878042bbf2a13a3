import { describe, expect, test } from 'vitest';
import { mlsd } from '../../../src/conditions/mlsd/mlsd.ts';
import { decodeSegments, type Segment } from '../../../src/conditions/mlsd/segments.ts';
import { zeros } from '../../../src/numeric/tensor.ts';
import { annotatorCases, annotatorJson, annotatorPicture, channel, networks } from '../../support/annotators.ts';

const defaults = { score_threshold: 0.1, distance_threshold: 20 };

describe('straight lines', () => {
  test.each(annotatorCases().filter(({ model }) => model === 'mlsd_512_large'))(
    'are those of the reference: $image',
    async ({ input, post }) => {
      const picture = await annotatorPicture(input);
      const { map, data, warnings } = await mlsd.extract(picture, defaults, networks);
      const { segments } = data as { readonly segments: readonly Segment[] };
      const expected = annotatorJson<number[][]>(post!);
      expect(segments).toHaveLength(expected.length);
      segments.forEach(({ from, to, score }, i) => {
        // The reference is rounded to three decimals.
        [...from, ...to, score].forEach((value, j) => expect(Math.abs(value - expected[i]![j]!)).toBeLessThan(0.001));
      });
      expect(warnings).toEqual([]);
      const white = channel(map);
      for (const [x, y] of segments.flatMap(({ from, to }) => [from.map(Math.trunc), to.map(Math.trunc)])) {
        const inside = x! >= 0 && y! >= 0 && x! < 512 && y! < 512;
        if (inside) expect(white[y! * 512 + x!]).toBe(255);
      }
      expect(white.every((value) => value === 0 || value === 255)).toBe(true);
    },
  );
});

/** One cell with both ends at offsets (-5, 0) and (5, 0), in cells. */
function oneLine(score: number): readonly Segment[] {
  const [scores, offsets] = [zeros([1, 256, 256, 1]), zeros([1, 256, 256, 4])];
  const cell = 100 * 256 + 50;
  scores.data[cell] = score;
  offsets.data.set([-5, 0, 5, 0], cell * 4);
  return decodeSegments(scores, offsets, { scoreThreshold: 0.1, distanceThreshold: 9 }, { width: 512, height: 256 });
}

describe('decoding', () => {
  test('places the ends in the picture', () => {
    expect(oneLine(0.5)).toEqual([{ from: [90, 100], to: [110, 100], score: 0.5 }]);
  });

  test('leaves out what is unsure or short', () => {
    expect(oneLine(0.05)).toEqual([]);
    const [scores, offsets] = [zeros([1, 256, 256, 1]), zeros([1, 256, 256, 4])];
    scores.data.fill(0.9);
    expect(
      decodeSegments(scores, offsets, { scoreThreshold: 0.1, distanceThreshold: 1 }, { width: 8, height: 8 }),
    ).toEqual([]);
  });
});
