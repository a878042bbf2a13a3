import { describe, expect, it } from 'vitest';
import type { BaseModel } from '../../src/generation/models/base.ts';
import { resolveTiling, tilingView } from '../../src/generation/resolve-tiling.ts';
import { photoModel } from '../support/photo-model.ts';

/** Of `levels` levels, each half the size of that before it. */
const model = (id: string, levels: number): BaseModel => ({
  ...photoModel,
  id,
  latentScale: 8,
  family: { ...photoModel.family, blockChannels: Array.from({ length: levels }, () => 32) },
});
const first = {
  base: model('sdxl', 3),
  size: { width: 96, height: 104 },
  made: { width: 96, height: 104 },
  field: null,
};

const refusal = (...args: Parameters<typeof resolveTiling>): unknown => {
  try {
    resolveTiling(...args);
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
};

describe('edges that are to meet', () => {
  it.each([
    ['x', 'x'],
    [false, undefined],
  ] as const)('%s asks for whole cells along that axis alone', (tiling, axes) => {
    expect(resolveTiling({ tiling }, [first])).toBe(axes);
    expect(tilingView(axes)).toBe(tiling);
  });

  it.each([true, 'y'] as const)(
    '%s is refused of a side that is halved with a rest, with one that is not',
    (tiling) => {
      expect(refusal({ tiling }, [first])).toMatchObject({
        code: 'invalid_request',
        field: 'height',
        message: expect.stringMatching(/height to be a multiple of 32.*sdxl.*received 104: 96 would fit\.$/),
      });
    },
  );

  it('counts in every pass: a refiner halves once more', () => {
    const refined = { ...first, base: model('refiner', 4) };
    expect(refusal({ tiling: 'x' }, [first, refined])).toMatchObject({
      field: 'width',
      message: expect.stringMatching(/multiple of 64.*refiner.*received 96: 128 would fit/),
    });
  });

  it('is refused of a second pass whose shape is another, and of a part of a picture', () => {
    const high = {
      base: first.base,
      size: { width: 128, height: 160 },
      made: { width: 148, height: 160 },
      field: 'hires',
    };
    expect(refusal({ tiling: 'x' }, [first, high])).toMatchObject({
      field: 'hires',
      message: expect.stringMatching(/width of 148 is cut to 128/),
    });
    expect(resolveTiling({ tiling: 'y' }, [high])).toBe('y');
    const inpaint = { area: 'masked', padding: 0, fill: 'original' } as const;
    expect(refusal({ tiling: 'x', inpaint }, [first])).toMatchObject({ field: 'tiling' });
  });
});
