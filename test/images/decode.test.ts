import { crc32, deflateSync } from 'node:zlib';

import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { ArmatureError } from '../../src/errors.ts';
import { decodePicture, verifyPicture } from '../../src/images/decode.ts';
import { defaultPictureLimits, readHeader } from '../../src/images/picture-header.ts';

/** Left half red, right half a dark green; an odd height, so that turns show. */
const width = 24;
const height = 15;
const red = [220, 30, 40] as const;
const green = [20, 90, 60] as const;
const pixels = Buffer.from(
  Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? red : green)).flat(),
);
const picture = () => sharp(pixels, { raw: { width, height, channels: 3 } });

function at({ width: stride, data }: RgbImage, x: number, y: number): number[] {
  return [...data.subarray((y * stride + x) * 3, (y * stride + x) * 3 + 3)];
}

function near(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance));
}

async function refusal(action: Promise<unknown>): Promise<ArmatureError> {
  const error: unknown = await action.then(
    () => new Error('Expected a refusal'),
    (reason: unknown) => reason,
  );
  if (error instanceof ArmatureError) return error;
  throw error;
}

describe('formats', () => {
  it.each([
    ['png', 0],
    ['jpeg', 8],
    ['webp', 12],
    ['gif', 4],
    ['avif', 8],
    ['tiff', 0],
  ] as const)('reads %s', async (format, tolerance) => {
    const lossless = format === 'tiff' ? { compression: 'lzw' } : { quality: 100, chromaSubsampling: '4:4:4' };
    const bytes = await picture().toFormat(format, lossless).toBuffer();
    expect(await readHeader(bytes)).toEqual({ format, mediaType: `image/${format}`, width, height });
    const image = await decodePicture(bytes);
    expect(image).toMatchObject({ width, height });
    expect(image.data).toHaveLength(width * height * 3);
    near(at(image, 2, 7), red, tolerance);
    near(at(image, 20, 7), green, tolerance);
  });

  it('reads the first frame of an animation', async () => {
    const frames = await sharp([await picture().png().toBuffer(), await picture().negate().png().toBuffer()], {
      join: { animated: true },
    })
      .gif()
      .toBuffer();
    const image = await decodePicture(frames);
    expect(image).toMatchObject({ width, height });
    near(at(image, 2, 7), red, 4);
  });

  it('reads the first frame of an AVIF sequence', async () => {
    const sequence = await picture().avif({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
    // Its major brand says that there are more frames, which changes nothing about the first.
    sequence.write('avis', 8, 'latin1');
    expect(await verifyPicture(sequence)).toMatchObject({ format: 'avif', width, height });
    near(at(await decodePicture(sequence), 2, 7), red, 8);
    expect(sequence.toString('latin1', 8, 12)).toBe('avis');
  });

  it.each([
    ['<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'an SVG document'],
    ['<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', 'an SVG document'],
    ['%PDF-1.7', 'a PDF document'],
    ['<!DOCTYPE html><p>not found', 'an HTML page'],
    ['BM______', 'a BMP picture'],
    ['\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'a HEIC picture'],
    ['PK\x03\x04', 'a zip file'],
    ['{"error":1}', 'JSON text'],
    ['hello', 'plain text'],
    ['', 'nothing (0 bytes)'],
    ['\x01\x02\x03', '3 bytes that start with 010203'],
  ])('refuses %j and says what came', async (content, name) => {
    const error = await refusal(decodePicture(Buffer.from(content, 'latin1'), undefined, { field: 'init_image' }));
    expect(error).toMatchObject({ code: 'invalid_image', field: 'init_image' });
    expect(error.message).toContain(name);
  });

  it('never reaches a parser of text, whatever the bytes claim to be', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    await expect(sharp(svg).metadata()).rejects.toThrow('unsupported image format');
  });
});

describe('colours', () => {
  it('16 bits a channel', async () => {
    const image = await decodePicture(await picture().toColourspace('rgb16').png().toBuffer());
    near(at(image, 2, 7), red, 1);
    near(at(image, 20, 7), green, 1);
  });

  it.each(['b-w', 'grey16'])('grey (%s) becomes three equal channels', async (space) => {
    const bytes = await picture().greyscale().toColourspace(space).png().toBuffer();
    expect((await sharp(bytes).metadata()).channels).toBe(1);
    const expected = (
      await sharp(pixels, { raw: { width, height, channels: 3 } })
        .greyscale()
        .raw()
        .toBuffer()
    )[2]!;
    near(at(await decodePicture(bytes), 2, 7), [expected, expected, expected], 1);
  });

  it('CMYK, as near as printing inks allow', async () => {
    const muted = [170, 110, 100];
    const create = { width, height, channels: 3, background: { r: 170, g: 110, b: 100 } } as const;
    const bytes = await sharp({ create }).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    const image = await decodePicture(bytes);
    expect(image.data).toHaveLength(width * height * 3);
    near(at(image, 2, 7), muted, 10);
  });

  it('palette', async () => {
    const bytes = await picture().png({ palette: true, colours: 4 }).toBuffer();
    expect((await sharp(bytes).metadata()).isPalette).toBe(true);
    near(at(await decodePicture(bytes), 2, 7), red, 4);
  });

  it('an embedded wide-gamut profile', async () => {
    const bytes = await picture().withIccProfile('p3').png().toBuffer();
    const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    expect(Math.abs(stored[0]! - red[0])).toBeGreaterThan(8);
    near(at(await decodePicture(bytes), 2, 7), red, 3);
  });
});

describe('transparency', () => {
  const half = (space: string) => picture().ensureAlpha(0.5).toColourspace(space).png().toBuffer();

  it.each(['srgb', 'rgb16'])('is laid over white, or black where asked for (%s)', async (space) => {
    const bytes = await half(space);
    const over = (background: number) => red.map((value) => (value + background) / 2);
    near(at(await decodePicture(bytes), 2, 7), over(255), 2);
    near(at(await decodePicture(bytes, undefined, { background: 'black' }), 2, 7), over(0), 2);
  });

  it('of a grey picture too', async () => {
    const bytes = await picture().greyscale().ensureAlpha(0).png().toBuffer();
    expect(at(await decodePicture(bytes), 2, 7)).toEqual([255, 255, 255]);
    expect(at(await decodePicture(bytes, undefined, { background: 'black' }), 2, 7)).toEqual([0, 0, 0]);
  });
});

describe('EXIF orientation', () => {
  /** Where the red half lies once the picture is upright (Exif 2.32, tag 0x0112). */
  const redSide = {
    1: 'left',
    2: 'right',
    3: 'right',
    4: 'left',
    5: 'top',
    6: 'top',
    7: 'bottom',
    8: 'bottom',
  } as const;

  it.each(Object.entries(redSide))('%s puts red to the %s', async (orientation, side) => {
    const bytes = await picture()
      .withMetadata({ orientation: Number(orientation) })
      .jpeg({ quality: 100 })
      .toBuffer();
    const upright = side === 'left' || side === 'right' ? { width, height } : { width: height, height: width };
    expect(await readHeader(bytes)).toMatchObject(upright);
    const image = await decodePicture(bytes);
    expect(image).toMatchObject(upright);
    const corner = side === 'left' || side === 'top' ? [1, 1] : [upright.width - 2, upright.height - 2];
    near(at(image, corner[0]!, corner[1]!), red, 12);
  });
});

describe('limits', () => {
  it('refuses a PNG of 20,000 x 20,000 pixels from its header, without memory', async () => {
    const bomb = blackPng(20_000, 20_000);
    expect(bomb.length).toBeLessThan(200_000);
    const before = process.memoryUsage().rss;
    for (const read of [readHeader, decodePicture, verifyPicture]) {
      const error = await refusal(read(bomb));
      expect(error).toMatchObject({ code: 'image_too_large', status: 413 });
      expect(error.message).toContain('20000x20000');
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 2 ** 20);
  });

  it('refuses more bytes than allowed', async () => {
    const bytes = await picture().png().toBuffer();
    const limits = { ...defaultPictureLimits, maxBytes: bytes.length - 1 };
    expect(await refusal(decodePicture(bytes, limits))).toMatchObject({ code: 'image_too_large' });
    await expect(decodePicture(bytes, { ...limits, maxBytes: bytes.length })).resolves.toMatchObject({ width });
  });

  it('allows exactly as many pixels as it says', async () => {
    const bytes = await picture().png().toBuffer();
    const limits = { ...defaultPictureLimits, maxPixels: width * height };
    await expect(decodePicture(bytes, limits)).resolves.toMatchObject({ width });
    const error = await refusal(decodePicture(bytes, { ...limits, maxPixels: width * height - 1 }));
    expect(error.code).toBe('image_too_large');
  });
});

describe('damage', () => {
  const noisy = () =>
    sharp({
      create: {
        width: 160,
        height: 120,
        channels: 3,
        background: 'black',
        noise: { type: 'gaussian', mean: 128, sigma: 30 },
      },
    });

  it.each(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const)('refuses a %s that ends early', async (format) => {
    const bytes = await noisy().toFormat(format).toBuffer();
    for (const share of [0.3, 0.6, 0.95]) {
      const short = bytes.subarray(0, Math.floor(bytes.length * share));
      expect(await refusal(decodePicture(short))).toMatchObject({ code: 'invalid_image' });
      expect(await refusal(verifyPicture(short))).toMatchObject({ code: 'invalid_image' });
    }
  });

  it('refuses a progressive JPEG that ends early', async () => {
    const bytes = await noisy().jpeg({ progressive: true }).toBuffer();
    const error = await refusal(decodePicture(bytes.subarray(0, bytes.length / 2)));
    expect(error.message).toContain('damaged or cut short');
  });

  it('gives a picture or an ArmatureError for any mutation of a file, and keeps no memory', async () => {
    const files = await Promise.all([noisy().jpeg().toBuffer(), noisy().png().toBuffer(), noisy().webp().toBuffer()]);
    // Bytes 0..15 decide the format; what happens without a known one is tested above.
    const place = fc.noBias(fc.double({ min: 0, max: 0.999, noNaN: true }));
    const mutations = fc.record({
      file: fc.constantFrom(...files),
      edits: fc.array(fc.tuple(place, fc.noBias(fc.nat(255))), { minLength: 1, maxLength: 3 }),
      inHeader: fc.boolean(),
    });
    let memory = 0;
    let decoded = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(mutations, async ({ file, edits, inHeader }) => {
        const bytes = Buffer.from(file);
        const range = inHeader ? 200 : bytes.length - 16;
        for (const [share, value] of edits) bytes[16 + Math.floor(share * range)] = value;
        try {
          const image = await decodePicture(bytes, { maxBytes: 2 ** 20, maxPixels: 4_000_000 });
          expect(image.data).toHaveLength(image.width * image.height * 3);
          decoded++;
        } catch (error) {
          if (!(error instanceof ArmatureError)) throw error;
          refused++;
        }
        // The first runs fill pools of the decoder and of the runtime.
        if (decoded + refused === 100) memory = process.memoryUsage().rss;
      }),
      { numRuns: 400 },
    );
    expect(Math.min(decoded, refused)).toBeGreaterThan(40);
    expect(process.memoryUsage().rss - memory).toBeLessThan(64 * 2 ** 20);
  });
});

/** A PNG of 1 bit a pixel, all black. */
function blackPng(columns: number, rows: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(columns, 0);
  header.writeUInt32BE(rows, 4);
  header[8] = 1;
  const lines = deflateSync(Buffer.alloc(rows * (1 + Math.ceil(columns / 8))));
  const chunk = (type: string, body: Buffer): Buffer => {
    const bytes = Buffer.alloc(12 + body.length);
    bytes.writeUInt32BE(body.length, 0);
    bytes.write(type, 4, 'latin1');
    body.copy(bytes, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length);
    return bytes;
  };
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', lines), chunk('IEND', Buffer.alloc(0))]);
}
