import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gaussianBlur, gaussianBlurBytes } from '../../src/numeric/gaussian-blur.ts';

/** What cv2.GaussianBlur (OpenCV 5.0) makes of one white pixel in a row of 41: the right half, from the pixel on. */
const impulses = [
  {
    sigma: 0.5,
    bytes: [201, 27, 0],
    floats: [0.7865707278251648, 0.10645077377557755, 0.00026386507670395076, 0],
  },
  {
    sigma: 1,
    bytes: [102, 62, 14, 1, 0],
    floats: [0.3989434838294983, 0.2419714480638504, 0.053991127759218216, 0.004431861452758312, 0.0001338306174147874],
  },
  {
    sigma: 3,
    bytes: [34, 32, 28, 20, 14, 9, 4, 3, 1, 0],
    floats: [0.13298453390598297, 0.12579798698425293, 0.10648569464683533, 0.08065920323133469, 0.054671578109264374],
  },
] as const;

const row = { width: 41, height: 1 };

describe('Gaussian blur', () => {
  test.each(impulses)('spreads a pixel with sigma $sigma as OpenCV does', ({ sigma, bytes, floats }) => {
    const white = new Uint8Array(41);
    white[20] = 255;
    const blurred = gaussianBlurBytes(white, row, sigma);
    expect([...blurred.subarray(20, 20 + bytes.length)]).toEqual(bytes);
    const exact = gaussianBlur(
      Float32Array.from(white, (value) => value / 255),
      row,
      sigma,
    );
    floats.forEach((value, i) => {
      // float32 there, float64 sums here
      expect(Math.abs(exact[20 + i]! - value)).toBeLessThan(1e-7);
      expect(exact[20 - i]).toBe(exact[20 + i]);
    });
  });

  test.each([
    { width: 1, height: 1 },
    { width: 1, height: 400 },
    { width: 3, height: 2 },
  ])('leaves a flat plane of $width x $height as it is, however far the kernel reaches', (size) => {
    const plane = new Uint8Array(size.width * size.height).fill(77);
    expect(gaussianBlurBytes(plane, size, 5)).toEqual(plane);
    for (const value of gaussianBlur(Float32Array.from(plane), size, 5)) expect(value).toBeCloseTo(77, 4);
  });

  test('does not tell rows from columns', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 30, maxLength: 30 }), (data) => {
        const turned = data.map((_, i) => data[(i % 6) * 5 + Math.floor(i / 6)]!);
        const blurred = gaussianBlurBytes(data, { width: 5, height: 6 }, 2);
        const back = gaussianBlurBytes(turned, { width: 6, height: 5 }, 2);
        expect(back).toEqual(blurred.map((_, i) => blurred[(i % 6) * 5 + Math.floor(i / 6)]!));
      }),
      { numRuns: 50 },
    );
  });
});
