import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import { normalAgreement } from '../../../src/conditions/normal/normal-agreement.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import type { AgreementPair } from '../fidelity/golden.ts';

const { pairs } = JSON.parse(readFileSync(new URL('../fidelity/golden/agreement.json', import.meta.url), 'utf8')) as {
  readonly pairs: readonly AgreementPair[];
};

async function kernel(name: string): Promise<RgbImage> {
  return await decodePicture(readFileSync(new URL(`../kernels/${name}`, import.meta.url)));
}

type Normal = readonly [x: number, y: number, z: number];

/** One row of pixels, each a normal of length 1 as a colour. */
function drawn(normals: readonly Normal[]): RgbImage {
  const data = normals.flatMap((normal) => {
    const length = Math.hypot(...normal);
    return normal.map((value) => Math.round((value / length + 1) * 127.5));
  });
  return { width: normals.length, height: 1, data: Uint8Array.from(data) };
}

/** Turned from the front by so many degrees. */
function turned(degrees: number): Normal {
  const angle = (degrees * Math.PI) / 180;
  return [Math.sin(angle), 0, Math.cos(angle)];
}

describe('agreement of normals', () => {
  it.each(pairs)('of $drawn and $requested is that of numpy', async ({ drawn, requested, normals }) => {
    const figures = normalAgreement(await kernel(drawn), await kernel(requested));
    expect(figures?.mean).toBeCloseTo(normals.mean, 9);
    // Angles are sorted into hundredths of a degree.
    expect(figures?.median).toBeCloseTo(normals.median, 1);
    for (const [index, share] of normals.within.entries()) expect(figures?.within[index]).toBeCloseTo(share, 12);
  });

  it('is full of a map with itself', () => {
    const normals = fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.integer({ min: 1, max: 9 })), { minLength: 1 });
    fc.assert(
      fc.property(normals, (list) => {
        const map = drawn(list);
        expect(normalAgreement(map, map)).toEqual({ mean: 0, median: 0, within: [1, 1, 1] });
      }),
    );
  });

  it('counts angles, to a degree of what 8 bits can hold', () => {
    const figures = normalAgreement(
      drawn([turned(0), turned(15), turned(25), turned(80)]),
      drawn(Array(4).fill(turned(0))),
    );
    expect(figures?.mean).toBeCloseTo(30, 0);
    expect(figures?.median).toBeCloseTo(15, 0);
    expect(figures?.within).toEqual([0.25, 0.5, 0.75]);
  });

  it('is the same whichever channel stands for which axis', () => {
    const [a, b] = [drawn([turned(10), turned(50)]), drawn([turned(30), [1, 2, 3]])];
    const swapped = ({ data, ...size }: RgbImage): RgbImage => ({ ...size, data: data.toReversed() });
    expect(normalAgreement(swapped(a), swapped(b))?.mean).toBeCloseTo(normalAgreement(a, b)!.mean, 9);
  });

  it('asks for nothing where the requested map is black, and expects something elsewhere', () => {
    const black: RgbImage = { width: 1, height: 1, data: Uint8Array.of(0, 0, 0) };
    const front = drawn([turned(0)]);
    expect(normalAgreement(front, black)).toBeNull();
    expect(normalAgreement(black, front)?.mean).toBe(180);
  });
});
