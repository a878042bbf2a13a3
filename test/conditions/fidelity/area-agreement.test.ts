import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Colour, RgbImage } from '../../../src/pixels/rgb-image.ts';
import { areaAgreement } from '../../../src/conditions/fidelity/area-agreement.ts';

const [red, green, blue, black] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [0, 0, 0],
] as const satisfies readonly Colour[];
const palette = [red, green, blue];

function map(...colours: readonly Colour[]): RgbImage {
  return { width: colours.length, height: 1, data: Uint8Array.from(colours.flat()) };
}

describe('agreement of areas', () => {
  it('is full for the same map', () => {
    const one = map(red, red, green, blue);
    expect(areaAgreement(one, one, palette)).toEqual({ meanIou: 1, classes: 3, accuracy: 1 });
  });

  it('is the mean of intersection over union of the classes', () => {
    // Red: 1 of 3. Green: 1 of 2. Blue, which nobody asked for: 0 of 1.
    const figures = areaAgreement(map(red, green, green, blue), map(red, red, green, red), palette);
    expect(figures?.meanIou).toBeCloseTo((1 / 3 + 1 / 2 + 0) / 3, 12);
    expect(figures).toMatchObject({ classes: 3, accuracy: 0.5 });
  });

  it('takes a colour for the nearest one of the palette', () => {
    expect(areaAgreement(map([250, 9, 3], green), map(red, [10, 240, 0]), palette)?.meanIou).toBe(1);
  });

  it('leaves out what has no class in the requested map', () => {
    expect(areaAgreement(map(red, blue), map(red, black), palette, [black])).toEqual({
      meanIou: 1,
      classes: 1,
      accuracy: 1,
    });
    expect(areaAgreement(map(red, red), map(black, black), palette, [black])).toBeNull();
  });

  it('counts what was drawn as no class as missed', () => {
    expect(areaAgreement(map(red, black), map(red, red), palette, [black])).toMatchObject({ meanIou: 0.5, classes: 1 });
  });

  it('lies between 0 and 1 and is the same both ways', () => {
    const colours = fc.array(fc.constantFrom<Colour>(...palette), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(colours, colours, (a, b) => {
        const figures = areaAgreement(map(...a), map(...b), palette)!;
        expect(figures.meanIou).toBeGreaterThanOrEqual(0);
        expect(figures.meanIou).toBeLessThanOrEqual(1);
        expect(areaAgreement(map(...b), map(...a), palette)).toEqual(figures);
      }),
    );
  });
});
