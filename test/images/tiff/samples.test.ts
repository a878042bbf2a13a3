import sharp, { type TiffOptions } from 'sharp';
import { describe, expect, it } from 'vitest';
import { readTiffDirectory } from '../../../src/images/tiff/directory.ts';
import { readSamples } from '../../../src/images/tiff/samples.ts';

/** Noise, and stripes that compress well: both kinds of runs. */
const [width, height] = [150, 70];
const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
  i % 7 === 0 ? (i * 7919) % 251 : (i >> 6) & 255,
);

describe('samples of files that libtiff wrote', () => {
  const compressions: readonly TiffOptions['compression'][] = ['none', 'lzw', 'deflate', 'packbits'];
  const layouts: readonly TiffOptions[] = [
    { predictor: 'none' },
    { predictor: 'horizontal' },
    { predictor: 'horizontal', tile: true, tileWidth: 64, tileHeight: 32 },
    { predictor: 'none', tile: true, tileWidth: 16, tileHeight: 64 },
  ];
  for (const compression of compressions) {
    it.each(layouts)(`are read with compression ${compression}, %j`, async (layout) => {
      const file = await sharp(pixels, { raw: { width, height, channels: 3 } })
        .tiff({ ...layout, ...(compression === undefined ? {} : { compression }) })
        .toBuffer();
      expect([...readSamples(file, readTiffDirectory(file))]).toEqual([...pixels]);
    });
  }

  it('are read with 16 bits, differences carried from byte to byte', async () => {
    const words = Uint16Array.from({ length: width * height * 3 }, (_, i) => (i * 40503) % 65536);
    const file = await sharp(words, { raw: { width, height, channels: 3 } })
      .toColourspace('rgb16')
      .tiff({ compression: 'lzw', predictor: 'horizontal' })
      .toBuffer();
    expect([...readSamples(file, readTiffDirectory(file))]).toEqual([...words]);
  });

  it('are read through a full table of LZW codes', async () => {
    const noise = Uint8Array.from({ length: 400 * 300 }, (_, i) => Math.imul(i ^ (i >>> 3), 2654435761) >>> 24);
    const file = await sharp(noise, { raw: { width: 400, height: 300, channels: 1 } })
      .toColourspace('b-w')
      .tiff({ compression: 'lzw', predictor: 'none' })
      .toBuffer();
    expect([...readSamples(file, readTiffDirectory(file))]).toEqual([...noise]);
  });

  it('are not read from tiles that are far larger than all of the picture, or far too many for it', async () => {
    const file = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .tiff({ compression: 'deflate', tile: true, tileWidth: 64, tileHeight: 64 })
      .toBuffer();
    const directory = readTiffDirectory(file);
    const [offset, byteCount] = [directory.offsets[0]!, directory.byteCounts[0]!];
    for (const [tileWidth, tileHeight, bits] of [
      [8192, 8192, 64],
      [1, 2 ** 24, 8],
    ] as const) {
      const bomb = {
        ...directory,
        bits: [bits, bits, bits],
        offsets: Array.from({ length: width * height }, () => offset),
        byteCounts: Array.from({ length: width * height }, () => byteCount),
        chunk: { width: tileWidth, height: tileHeight, tiled: true },
      };
      expect(() => readSamples(file, bomb)).toThrow('its chunks have no sensible size');
    }
  });
});
