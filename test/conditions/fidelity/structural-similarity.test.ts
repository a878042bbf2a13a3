import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import { pictureAgreement } from '../../../src/conditions/fidelity/structural-similarity.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import type { AgreementPair } from './golden.ts';

const { pairs } = JSON.parse(readFileSync(new URL('golden/agreement.json', import.meta.url), 'utf8')) as {
  readonly pairs: readonly AgreementPair[];
};

async function kernel(name: string): Promise<RgbImage> {
  return await decodePicture(readFileSync(new URL(`../kernels/${name}`, import.meta.url)));
}

const pictures = fc
  .record({ width: fc.integer({ min: 1, max: 24 }), height: fc.integer({ min: 1, max: 24 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((data): RgbImage => ({ width, height, data })),
  );

describe('agreement of pictures', () => {
  it.each(pairs)('of $drawn and $requested is that of scikit-image', async ({ drawn, requested, ssim, rmse }) => {
    const figures = pictureAgreement(await kernel(drawn), await kernel(requested));
    expect(figures?.ssim).toBeCloseTo(ssim, 9);
    expect(figures?.rmse).toBeCloseTo(rmse, 9);
  });

  it('is full of a picture with itself, at any size', () => {
    fc.assert(
      fc.property(pictures, (picture) => {
        const figures = pictureAgreement(picture, picture);
        expect(figures?.ssim).toBeCloseTo(1, 9);
        expect(figures?.rmse).toBe(0);
      }),
    );
  });

  it('is the same both ways, and in its range', () => {
    fc.assert(
      fc.property(pictures, (picture) => {
        const turned = { ...picture, data: picture.data.toReversed() };
        const [there, back] = [pictureAgreement(picture, turned)!, pictureAgreement(turned, picture)!];
        expect(there.ssim).toBeCloseTo(back.ssim, 9);
        expect(Math.abs(there.ssim)).toBeLessThanOrEqual(1 + 1e-9);
        expect(there.rmse).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is bad where places are mixed up', async () => {
    const picture = await kernel('input.png');
    const shuffled = { ...picture, data: picture.data.toReversed() };
    expect(pictureAgreement(shuffled, picture)!.ssim).toBeLessThan(0.3);
  });

  it('leaves out what is masked', async () => {
    const picture = await kernel('input.png');
    const { width, height } = picture;
    const masked = Uint8Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 1 : 0));
    const drawn = { ...picture, data: picture.data.slice() };
    for (let i = 0; i < masked.length; i++) if (masked[i] === 1) drawn.data.fill(7, 3 * i, 3 * i + 3);
    const figures = pictureAgreement(drawn, { ...picture, masked });
    expect(figures?.ssim).toBeCloseTo(1, 9);
    expect(figures?.rmse).toBe(0);
    expect(pictureAgreement(drawn, picture)!.ssim).toBeLessThan(0.9);
    expect(pictureAgreement(drawn, { ...picture, masked: new Uint8Array(masked.length).fill(1) })).toBeNull();
  });
});
