import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { areaMeans, type Region, withinRegions } from '../../src/pixels/region.ts';

const side = fc.integer({ min: 1, max: 40 });

describe('means over the cells of a grid', () => {
  it('are those of the pixels where sizes divide evenly', () => {
    const plane = Uint8Array.of(0, 255, 10, 20, 255, 0, 30, 40);
    expect([...areaMeans(plane, { width: 4, height: 2 }, { width: 2, height: 1 })]).toEqual([127.5, 25]);
  });

  it('count a pixel on a border for its share', () => {
    // Three pixels in two cells: each cell is one pixel and half of the middle one.
    expect([...areaMeans(Uint8Array.of(30, 60, 90), { width: 3, height: 1 }, { width: 2, height: 1 })]).toEqual([
      40, 80,
    ]);
    const column = areaMeans(Uint8Array.of(10, 20, 30, 40, 50), { width: 1, height: 5 }, { width: 1, height: 3 });
    // Cells of 5/3 pixels: (10 + 20 * 2/3), (20 * 1/3 + 30 + 40 * 1/3), (40 * 2/3 + 50), each by 5/3.
    expect(column[0]).toBeCloseTo(14, 12);
    expect(column[1]).toBeCloseTo(30, 12);
    expect(column[2]).toBeCloseTo(46, 12);
  });

  it('keep the mean of the whole, and a plane of one value as it is', () => {
    fc.assert(
      fc.property(side, side, side, side, fc.nat(255), (width, height, columns, rows, level) => {
        const plane = Uint8Array.from({ length: width * height }, (_, i) => (i * 7919) % 256);
        const mean = (values: Iterable<number>): number => {
          const list = [...values];
          return list.reduce((sum, value) => sum + value, 0) / list.length;
        };
        const to = { width: columns, height: rows };
        const means = areaMeans(plane, { width, height }, to);
        expect(means).toHaveLength(columns * rows);
        expect(mean(means)).toBeCloseTo(mean(plane), 9);
        expect(
          new Set(
            areaMeans(
              plane.map(() => level),
              { width, height },
              to,
            ),
          ),
        ).toEqual(new Set([level]));
      }),
    );
  });
});

function regionOf(width: number, ...levels: readonly number[]): Region {
  return { width, height: levels.length / width, levels: Uint8Array.from(levels) };
}

describe('residuals within regions', () => {
  const data = (): Float32Array => Float32Array.from({ length: 3 * 2 * 2 }, (_, i) => i + 1.1);
  const residual: Tensor = { dims: [3, 2, 1, 2], data: data() };
  // Left cell: 0 and 51 of 255, a tenth; right cell: 255 and 255.
  const region = regionOf(4, 0, 51, 255, 255);

  it('are multiplied in every channel of the rows that have one, and in no other', () => {
    const { data: within, dims } = withinRegions(residual, [null, region, null]);
    const tenth = Math.fround(0.1);
    const expected = data();
    for (const at of [4, 6]) expected[at]! *= tenth;
    expect(dims).toEqual(residual.dims);
    expect(within).toEqual(expected);
    expect(residual.data).toEqual(data());
  });

  it('are the tensor itself where there is none', () => {
    expect(withinRegions(residual, [null, null, null])).toBe(residual);
  });

  it('of two controls differ by their regions', () => {
    const [left, right] = [regionOf(2, 255, 0), regionOf(2, 0, 255)];
    const { data: within } = withinRegions(residual, [left, right, null]);
    const [all, none] = [data(), 0];
    expect([...within.subarray(0, 8)]).toEqual([all[0], none, all[2], none, none, all[5], none, all[7]]);
  });
});
