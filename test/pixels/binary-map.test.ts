import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isThinLineArt, otsuThreshold, thin } from '../../src/pixels/binary-map.ts';

/** `#` is white. */
const mask = (...rows: readonly string[]): Uint8Array =>
  Uint8Array.from(rows.join(''), (sign) => (sign === '#' ? 1 : 0));

const masks = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([width, height]) =>
    fc
      .array(fc.integer({ min: 0, max: 1 }), { minLength: width * height, maxLength: width * height })
      .map((values) => ({ width, height, values: Uint8Array.from(values) })),
  );

/** Number of areas connected over 8 neighbours. */
function areas(values: Uint8Array, width: number, height: number): number {
  const left = Uint8Array.from(values);
  let count = 0;
  for (let start = 0; start < left.length; start++) {
    if (left[start] === 0) continue;
    count++;
    const open = [start];
    left[start] = 0;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const [x, y] = [at % width, Math.floor(at / width)];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          if (left[v * width + u] === 0) continue;
          left[v * width + u] = 0;
          open.push(v * width + u);
        }
      }
    }
  }
  return count;
}

describe('otsuThreshold', () => {
  it('separates two groups', () => {
    const threshold = otsuThreshold(Uint8Array.from([10, 12, 14, 11, 200, 210, 190]));
    expect(threshold).toBeGreaterThanOrEqual(14);
    expect(threshold).toBeLessThan(190);
  });

  it('finds the largest variance between the groups, as the definition says', () => {
    const variance = (values: readonly number[], threshold: number): number => {
      const [low, high] = [values.filter((v) => v <= threshold), values.filter((v) => v > threshold)];
      if (low.length === 0 || high.length === 0) return 0;
      const mean = (group: readonly number[]): number => group.reduce((sum, v) => sum + v, 0) / group.length;
      return (low.length * high.length * (mean(low) - mean(high)) ** 2) / values.length ** 2;
    };
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 2, maxLength: 40 }), (values) => {
        const found = variance(values, otsuThreshold(Uint8Array.from(values)));
        const best = Math.max(...Array.from({ length: 256 }, (_, threshold) => variance(values, threshold)));
        expect(found).toBeCloseTo(best, 6);
      }),
    );
  });
});

describe('isThinLineArt', () => {
  it('tells lines from areas', () => {
    expect(isThinLineArt(mask('.....', '#####', '.....', '.....', '.....'), 5, 5)).toBe(true);
    expect(isThinLineArt(mask('.....', '.###.', '.###.', '.###.', '.....'), 5, 5)).toBe(false);
  });
});

describe('thin', () => {
  it('makes a bar a line', () => {
    const bar = mask('.......', '.#####.', '.#####.', '.#####.', '.......');
    const line = thin(bar, 7, 5);
    expect([1, 2, 3].filter((y) => line.slice(y * 7, y * 7 + 7).includes(1))).toEqual([2]);
  });

  it('only takes white away and changes nothing when it is done again', () => {
    fc.assert(
      fc.property(masks, ({ values, width, height }) => {
        const once = thin(values, width, height);
        expect(once.every((value, i) => value <= values[i]!)).toBe(true);
        expect(thin(once, width, height)).toEqual(once);
      }),
    );
  });

  it('never splits an area', () => {
    fc.assert(
      fc.property(masks, ({ values, width, height }) => {
        expect(areas(thin(values, width, height), width, height)).toBeLessThanOrEqual(areas(values, width, height));
      }),
    );
  });
});
