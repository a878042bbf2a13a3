import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { MaskedImage } from '../../src/pixels/rgb-image.ts';
import { decodeMasked } from '../../src/images/decode.ts';
import { encodePicture } from '../../src/images/encode.ts';
import { resizeMap, resizePhoto } from '../../src/images/resize.ts';

/** A picture with something in every pixel, masked left of `edge`. */
function halfMasked(width: number, height: number, edge: number): Required<MaskedImage> & { masked: Uint8Array } {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 251);
  const masked = Uint8Array.from({ length: width * height }, (_, i) => (i % width < edge ? 1 : 0));
  return { width, height, data, masked };
}

describe('decoding transparency as a mask', () => {
  const raw = (channels: 2 | 4, pixels: readonly number[]) =>
    sharp(Uint8Array.from(pixels), { raw: { width: pixels.length / channels, height: 1, channels } });

  it('masks what has less than half opacity, and leaves other colours as they are', async () => {
    const file = await raw(4, [10, 20, 30, 127, 40, 50, 60, 128, 70, 80, 90, 255]).png().toBuffer();
    const { data, masked } = await decodeMasked(file);
    expect([...masked!]).toEqual([1, 0, 0]);
    expect([...data.subarray(3)]).toEqual([40, 50, 60, 70, 80, 90]);
  });

  it('understands grey, palettes and 16 bits', async () => {
    const grey = await decodeMasked(await raw(2, [100, 0, 200, 255]).png().toBuffer());
    expect([...grey.masked!, ...grey.data.subarray(3)]).toEqual([1, 0, 200, 200, 200]);
    const colours = [255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 255];
    const palette = await decodeMasked(await raw(4, colours).png({ palette: true }).toBuffer());
    expect([...palette.masked!]).toEqual([0, 1, 0]);
    expect([...palette.data.subarray(0, 3)]).toEqual([255, 0, 0]);
    const deep = await raw(4, [255, 128, 0, 255, 1, 2, 3, 0]).toColourspace('rgb16').png().toBuffer();
    expect(await sharp(deep).metadata()).toMatchObject({ depth: 'ushort' });
    const sixteen = await decodeMasked(deep);
    expect([...sixteen.masked!, ...sixteen.data.subarray(0, 3)]).toEqual([0, 1, 255, 128, 0]);
  });

  it('finds no mask in an opaque picture, and turns the mask with the picture', async () => {
    const opaque = await raw(4, [1, 2, 3, 255]).jpeg().toBuffer();
    expect(await decodeMasked(opaque)).not.toHaveProperty('masked');
    const turned = await raw(4, [9, 9, 9, 0, 8, 8, 8, 255]).png().withMetadata({ orientation: 6 }).toBuffer();
    const { width, height, masked } = await decodeMasked(turned);
    expect([width, height, ...masked!]).toEqual([1, 2, 1, 0]);
  });
});

describe('encoding a mask', () => {
  it('comes back as it was from png', async () => {
    const image = halfMasked(7, 5, 3);
    const back = await decodeMasked(await encodePicture(image, { format: 'png', quality: 100 }));
    expect(back.masked).toEqual(image.masked);
    expect(back.data).toEqual(image.data);
  });

  it('stands in webp beside text and XMP', async () => {
    const image = halfMasked(16, 12, 5);
    const options = {
      format: 'webp',
      quality: 100,
      text: { parameters: 'a ball' },
      xmp: { 'xmp:CreatorTool': 'x' },
    } as const;
    const file = await encodePicture(image, options);
    expect((await decodeMasked(file)).masked).toEqual(image.masked);
    const { exif, xmp, hasAlpha, width, height } = await sharp(file).metadata();
    expect([hasAlpha, width, height, exif !== undefined, xmp !== undefined]).toEqual([true, 16, 12, true, true]);
  });

  it('has no place in jpeg', async () => {
    await expect(encodePicture(halfMasked(4, 4, 2), { format: 'jpeg', quality: 90 })).rejects.toThrow(/png or webp/);
  });
});

describe('resizing a picture with a mask', () => {
  const sizes = fc.record({ width: fc.integer({ min: 1, max: 24 }), height: fc.integer({ min: 1, max: 24 }) });

  it('brings nothing of what lies beneath the mask into what is known', async () => {
    const modes = fc.constantFrom('stretch', 'crop', 'fill' as const);
    await fc.assert(
      fc.asyncProperty(sizes, sizes, fc.nat(24), modes, fc.nat(255), async (from, to, edge, mode, paint) => {
        const image = halfMasked(from.width, from.height, edge);
        const other = { ...image, data: image.data.map((v, i) => (image.masked[Math.floor(i / 3)] === 1 ? paint : v)) };
        const [one, two] = await Promise.all([image, other].map((picture) => resizePhoto(picture, to, mode as 'crop')));
        expect(one!.masked).toEqual(two!.masked);
        const known = (picture: MaskedImage) => picture.data.filter((_, i) => picture.masked![Math.floor(i / 3)] === 0);
        expect(known(one!)).toEqual(known(two!));
      }),
      { numRuns: 60 },
    );
  });

  it('gives away from the mask what a picture without one gives', async () => {
    const image = halfMasked(40, 30, 8);
    const { masked: _masked, ...bare } = image;
    const to = { width: 30, height: 22 };
    const [resized, plain] = await Promise.all([resizeMap(image, to, 'stretch'), resizePhoto(bare, to, 'stretch')]);
    const right = (picture: MaskedImage) => picture.data.filter((_, i) => Math.floor(i / 3) % 30 > 8);
    expect(right(resized)).toEqual(right(plain));
    expect(resized.masked!.reduce((sum, value) => sum + value, 0)).toBe(6 * 22);
  });

  it('masks the bars that it adds', async () => {
    const filled = await resizePhoto(halfMasked(20, 10, 5), { width: 20, height: 20 }, 'fill');
    const rows = Array.from({ length: 20 }, (_, y) => filled.masked!.subarray(y * 20, y * 20 + 20));
    expect(rows.slice(0, 5).every((row) => row.every((value) => value === 1))).toBe(true);
    expect(rows.slice(5, 15).every((row) => row.join('') === '1'.repeat(5) + '0'.repeat(15))).toBe(true);
    expect(rows.slice(15).every((row) => row.every((value) => value === 1))).toBe(true);
  });
});
