import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import { edgeAgreement } from '../../../src/conditions/fidelity/edge-agreement.ts';

function map(width: number, height: number, white: (x: number, y: number) => boolean): RgbImage {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (white(x, y)) data.fill(255, 3 * (y * width + x), 3 * (y * width + x) + 3);
  }
  return { width, height, data };
}

const column = (at: number): RgbImage => map(16, 8, (x) => x === at);

describe('agreement of edges', () => {
  it('is full within the tolerance and nothing beyond it', () => {
    expect(edgeAgreement(column(5), column(7), 2)).toEqual({ precision: 1, recall: 1, f1: 1 });
    expect(edgeAgreement(column(5), column(8), 2)).toEqual({ precision: 0, recall: 0, f1: 0 });
  });

  it('precision counts what was drawn too much, recall what is missing', () => {
    const both = map(16, 8, (x) => x === 3 || x === 12);
    expect(edgeAgreement(both, column(3), 0)).toEqual({ precision: 0.5, recall: 1, f1: 2 / 3 });
    expect(edgeAgreement(column(3), both, 0)).toEqual({ precision: 1, recall: 0.5, f1: 2 / 3 });
  });

  it('leaves out what is masked in the requested map, but finds edges there from beside it', () => {
    const both = map(16, 8, (x) => x === 3 || x === 12);
    const masked = Uint8Array.from({ length: 16 * 8 }, (_, i) => (i % 16 < 8 ? 0 : 1));
    expect(edgeAgreement(both, { ...column(3), masked }, 0)).toEqual({ precision: 1, recall: 1, f1: 1 });
    expect(edgeAgreement(column(3), { ...both, masked }, 0)).toEqual({ precision: 1, recall: 1, f1: 1 });
    expect(edgeAgreement(column(12), { ...both, masked }, 0)).toEqual({ precision: 0, recall: 0, f1: 0 });
    expect(edgeAgreement(column(8), { ...column(7), masked }, 1).recall).toBe(1);
  });

  it('two blank maps agree, a blank one and another do not', () => {
    const blank = map(16, 8, () => false);
    expect(edgeAgreement(blank, blank, 2).f1).toBe(1);
    expect(edgeAgreement(blank, column(3), 2).f1).toBe(0);
  });

  it('never falls when the tolerance grows, and does not care which map comes first', () => {
    const pixels = fc.uint8Array({ minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(pixels, pixels, fc.integer({ min: 0, max: 3 }), (p, q, tolerance) => {
        const [a, b] = [p, q].map((values) => map(10, 6, (x, y) => (values[y * 10 + x] ?? 0) > 200)) as [
          RgbImage,
          RgbImage,
        ];
        expect(edgeAgreement(a, b, tolerance + 1).f1).toBeGreaterThanOrEqual(edgeAgreement(a, b, tolerance).f1 - 1e-12);
        expect(edgeAgreement(a, b, tolerance).f1).toBeCloseTo(edgeAgreement(b, a, tolerance).f1, 12);
      }),
    );
  });
});
