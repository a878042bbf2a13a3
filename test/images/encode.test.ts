import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { outputFormats } from '../../src/generation/request/choices.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { encodePicture } from '../../src/images/encode.ts';
import { exifComment, readExifComment } from '../../src/images/exif-comment.ts';
import { insertPngText, readPngText } from '../../src/images/png-text.ts';
import { readPictureText } from '../../src/images/read-text.ts';

const image: RgbImage = {
  width: 33,
  height: 21,
  data: Uint8Array.from({ length: 33 * 21 * 3 }, (_, i) => (i * 7) % 256),
};

const parameters = 'a "red" cube, größe\nNegative prompt: 模糊 🙂\nSteps: 20, Sampler: DDIM, Seed: 7, Size: 33x21';

describe('encodePicture', () => {
  it('PNG comes back bit for bit', async () => {
    expect(await decodePicture(await encodePicture(image, { format: 'png', quality: 90 }))).toEqual(image);
  });

  it.each(['jpeg', 'webp'] as const)('%s grows with its quality and stays near', async (format) => {
    const flat = { width: 32, height: 32, data: new Uint8Array(3072).fill(90) };
    const [low, high] = await Promise.all([10, 95].map((quality) => encodePicture(image, { format, quality })));
    expect(low!.length).toBeLessThan(high!.length);
    const back = await decodePicture(await encodePicture(flat, { format, quality: 90 }));
    for (const value of back.data) expect(Math.abs(value - 90)).toBeLessThanOrEqual(3);
  });

  it.each(outputFormats)('%s carries the parameters, whatever the script, and the same pixels', async (format) => {
    const plain = await encodePicture(image, { format, quality: 90 });
    const bytes = await encodePicture(image, { format, quality: 90, text: { parameters } });
    expect(await readPictureText(bytes)).toEqual({ parameters });
    expect(await readPictureText(plain)).toEqual({});
    expect(await decodePicture(bytes)).toEqual(await decodePicture(plain));
    expect((await sharp(bytes).metadata()).format).toBe(format);
  });

  it.each(['jpeg', 'webp'] as const)('%s refuses text that it has no place for', async (format) => {
    await expect(encodePicture(image, { format, quality: 90, text: { workflow: '{}' } })).rejects.toThrow('workflow');
  });

  it('writes no metadata of its own', async () => {
    for (const format of outputFormats) {
      const { exif, icc, xmp } = await sharp(await encodePicture(image, { format, quality: 90 })).metadata();
      expect([exif, icc, xmp]).toEqual([undefined, undefined, undefined]);
    }
  });
});

describe('XMP', () => {
  const xmp = { 'xmp:CreatorTool': 'Armature & <sons>\u0001', 'Iptc4xmpExt:AISystemUsed': '模糊 🙂 größe' } as const;

  it.each(outputFormats)('is in a %s file where others look for it, beside the parameters', async (format) => {
    const bytes = await encodePicture(image, { format, quality: 90, text: { parameters }, xmp });
    const { xmpAsString, format: read } = await sharp(bytes).metadata();
    expect(read).toBe(format);
    expect(xmpAsString).toContain('<xmp:CreatorTool>Armature &amp; &lt;sons&gt;</xmp:CreatorTool>');
    expect(xmpAsString).toContain('<Iptc4xmpExt:AISystemUsed>模糊 🙂 größe</Iptc4xmpExt:AISystemUsed>');
    expect((await readPictureText(bytes))['parameters']).toBe(parameters);
    const plain = await encodePicture(image, { format, quality: 90 });
    expect(await decodePicture(bytes)).toEqual(await decodePicture(plain));
  });

  it.each(outputFormats)('is in a %s file alone, too', async (format) => {
    const bytes = await encodePicture(image, { format, quality: 90, xmp });
    const { xmpAsString, exif } = await sharp(bytes).metadata();
    expect(xmpAsString).toContain('CreatorTool');
    expect(exif).toBeUndefined();
  });

  it('of a JPEG is refused where it is too long for a segment, rather than dropped', async () => {
    const long = { 'xmp:CreatorTool': 'x'.repeat(66_000) };
    await expect(encodePicture(image, { format: 'jpeg', quality: 90, xmp: long })).rejects.toThrow(/XMP/);
  });
});

describe('PNG text', () => {
  it('is read by another decoder, tEXt and iTXt alike', async () => {
    const bytes = await encodePicture(image, {
      format: 'png',
      quality: 90,
      text: { parameters: 'größe', Title: '模糊' },
    });
    const { comments } = await sharp(bytes).metadata();
    expect(comments?.map(({ keyword, text }) => [keyword, text])).toEqual([
      ['parameters', 'größe'],
      ['Title', '模糊'],
    ]);
  });

  it('comes back as it went in', async () => {
    const png = await encodePicture(image, { format: 'png', quality: 90 });
    const keyword = fc.stringMatching(/^[A-Za-z][A-Za-z ]{0,20}[a-z]$/);
    fc.assert(
      fc.property(fc.dictionary(keyword, fc.string({ unit: 'binary' })), (text) => {
        expect(readPngText(insertPngText(png, text))).toEqual({ ...text });
      }),
    );
  });

  it.each(['', ' lead', 'trail ', 'a\nb', 'x'.repeat(80), '模'])('refuses the keyword %j', (keyword) => {
    expect(() => insertPngText(Buffer.alloc(64), { [keyword]: 'text' })).toThrow(RangeError);
  });

  it('stops where the file is damaged', async () => {
    const png = await encodePicture(image, { format: 'png', quality: 90, text: { parameters } });
    fc.assert(
      fc.property(fc.nat(png.length - 1), fc.nat(255), fc.nat(png.length), (place, value, length) => {
        const bytes = Buffer.from(png);
        bytes[place] = value;
        expect(typeof readPngText(bytes.subarray(0, length))).toBe('object');
      }),
    );
  });
});

describe('EXIF comment', () => {
  it('is read from little-endian blocks and from ASCII comments of other programs', async () => {
    const exif = { IFD2: { UserComment: 'Steps: 20' } };
    const bytes = await sharp(image.data, { raw: { width: 33, height: 21, channels: 3 } })
      .jpeg()
      .withExif(exif)
      .toBuffer();
    expect((await readPictureText(bytes))['parameters']).toMatch(/^Steps: 20/);
  });

  it('of a damaged block is a text or nothing', () => {
    const block = exifComment(parameters);
    expect(readExifComment(block)).toBe(parameters);
    fc.assert(
      fc.property(fc.nat(block.length - 1), fc.nat(255), fc.nat(block.length), (place, value, length) => {
        const bytes = Buffer.from(block);
        bytes[place] = value;
        expect(['string', 'undefined']).toContain(typeof readExifComment(bytes.subarray(0, length)));
      }),
    );
  });
});
