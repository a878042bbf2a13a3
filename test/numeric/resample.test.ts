import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cubic, resampleBytes, resamplePlane, resampleWindow, triangle } from '../../src/numeric/resample.ts';
import { annotatorPicture, photo } from '../support/annotators.ts';
import { maxAbsDifference } from '../support/golden.ts';

const size = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });
const picture = size.chain((from) =>
  fc.record({
    from: fc.constant(from),
    data: fc.uint8Array({ minLength: from.width * from.height, maxLength: from.width * from.height }),
  }),
);

describe('resampling', () => {
  test.each([
    ['shrinks', 'selfie_astronaut.in.png'],
    ['grows', 'seg_astronaut.in.png'],
  ])('%s as Pillow does, bit for bit', async (_, file) => {
    const expected = await annotatorPicture(file);
    const source = await photo('astronaut');
    expect(maxAbsDifference(resampleBytes(source.data, source, expected, 3), expected.data)).toBe(0);
  });

  test('gives a window as what it is cut from', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(picture, size, fc.tuple(share, share, share, share), (given, to, [left, top, wide, high]) => {
        const { from, data } = given;
        const [x, y] = [Math.floor(left * (to.width - 1)), Math.floor(top * (to.height - 1))];
        const window = {
          x,
          y,
          width: 1 + Math.floor(wide * (to.width - 1 - x)),
          height: 1 + Math.floor(high * (to.height - 1 - y)),
        };
        for (const filter of [cubic, triangle]) {
          const whole = resampleBytes(data, from, to, 1, filter);
          const cut = Array.from({ length: window.width * window.height }, (_, i) => {
            return whole[(y + Math.floor(i / window.width)) * to.width + x + (i % window.width)];
          });
          expect([...resampleWindow(data, from, to, window, 1, filter)]).toEqual(cut);
        }
      }),
    );
  });

  test.each([
    ['wide', { width: 1_000_000, height: 1 }],
    ['high', { width: 1, height: 1_000_000 }],
  ])('makes no more than a window of a very %s picture', (_, from) => {
    const to = { width: 224 * from.width, height: 224 * from.height };
    const window = { x: (to.width - 224) / 2, y: (to.height - 224) / 2, width: 224, height: 224 };
    const data = new Uint8Array(3_000_000).fill(7);
    expect(resampleWindow(data, from, to, window, 3, cubic)).toEqual(new Uint8Array(3 * 224 ** 2).fill(7));
  });

  test('keeps a plane of its size, as a copy', () => {
    const plane = Float32Array.of(1, 2, 3, 4);
    const same = resamplePlane(plane, { width: 2, height: 2 }, { width: 2, height: 2 });
    expect(same).toEqual(plane);
    expect(same).not.toBe(plane);
  });

  test('stays within the range of its source at every size', () => {
    fc.assert(
      fc.property(picture, size, ({ from, data }, to) => {
        const [least, most] = [Math.min(...data), Math.max(...data)];
        const resized = resampleBytes(data, from, to, 1);
        expect(resized).toHaveLength(to.width * to.height);
        expect(Math.min(...resized)).toBeGreaterThanOrEqual(least);
        expect(Math.max(...resized)).toBeLessThanOrEqual(most);
      }),
      { numRuns: 100 },
    );
  });

  test('gives floats what it gives bytes, up to the rounding of its two passes', () => {
    fc.assert(
      fc.property(picture, size, ({ from, data }, to) => {
        const exact = resamplePlane(Float32Array.from(data), from, to);
        resampleBytes(data, from, to, 1).forEach((value, i) => expect(Math.abs(value - exact[i]!)).toBeLessThan(1.01));
      }),
      { numRuns: 100 },
    );
  });

  test('is the same from left to right and from right to left', () => {
    const line = Float32Array.of(3, 1, 4, 1, 5, 9, 2, 6);
    for (const width of [3, 5, 13]) {
      const [from, to] = [
        { width: 8, height: 1 },
        { width, height: 1 },
      ] as const;
      const there = resamplePlane(line, from, to);
      const back = resamplePlane(line.toReversed(), from, to).toReversed();
      back.forEach((value, i) => expect(value).toBeCloseTo(there[i]!, 5));
    }
  });
});
