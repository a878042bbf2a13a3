import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lumaOf } from '../../src/pixels/luma.ts';
import { roundHalfToEven } from '../../src/numeric/round-half-to-even.ts';
import { assemble } from '../../src/numeric/simd/assemble.ts';
import { RowCombiner } from '../../src/numeric/simd/combine-rows.ts';
import { invertBytes } from '../../src/numeric/simd/invert-bytes.ts';

describe('the assembler', () => {
  it('knows the instructions of its table and no others', () => {
    expect(() => assemble({ parameters: {}, locals: {}, code: 'i32.popcnt' })).toThrow(/i32\.popcnt/);
  });
});

describe('inverted bytes', () => {
  it('are 255 minus each, at any length, across blocks', () => {
    for (const length of [0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 200_001]) {
      const values = Uint8Array.from({ length }, (_, i) => (i * 7919) >> 3);
      expect(invertBytes(values)).toEqual(values.map((value) => 255 - value));
    }
  });

  it('leave what they came from alone, wherever it begins', () => {
    const values = new Uint8Array(40).map((_, i) => i).subarray(3, 20);
    expect([...invertBytes(values)]).toEqual([...values].map((value) => 255 - value));
    expect(values[0]).toBe(3);
  });
});

describe('combined rows', () => {
  it('are weighted sums, rounded half to even and cut off', () => {
    const weight = fc.integer({ min: -64, max: 64 }).map((value) => value / 32);
    const cases = fc.record({
      length: fc.integer({ min: 1, max: 40 }),
      weights: fc.tuple(weight, weight, weight, weight),
      slots: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ length, weights, slots, seed }) => {
        const combiner = new RowCombiner(length);
        const value = (slot: number, x: number): number => ((seed + slot * 57 + x * 31) % 1021) / 4;
        for (const slot of [0, 1, 2, 3]) for (let x = 0; x < length; x++) combiner.row(slot)[x] = value(slot, x);
        const expected = Array.from({ length }, (_, x) => {
          const sum = slots.reduce((total, slot, tap) => total + weights[tap]! * value(slot, x), 0);
          return Math.min(255, Math.max(0, roundHalfToEven(sum)));
        });
        expect([...combiner.combine(slots, weights)]).toEqual(expected);
      }),
    );
  });
});

describe('brightness', () => {
  it('is the same wherever the pixels begin in their memory, at any count of them', () => {
    for (let pixels = 1; pixels < 12; pixels++) {
      const data = Uint8Array.from({ length: pixels * 3 }, (_, i) => (i * 83) % 256);
      const expected = Array.from({ length: pixels }, (_, i) => {
        const [r, g, b] = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!];
        return (9798 * r + 19_235 * g + 3735 * b + 16_384) >> 15;
      });
      for (const offset of [0, 1, 2, 3]) {
        const moved = new Uint8Array(data.length + offset).subarray(offset);
        moved.set(data);
        const { values, histogram } = lumaOf({ width: pixels, height: 1, data: moved });
        expect([...values]).toEqual(expected);
        expect(histogram.reduce((sum, count) => sum + count, 0)).toBe(pixels);
      }
    }
  });
});
