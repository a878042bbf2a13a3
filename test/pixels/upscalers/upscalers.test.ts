import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlphaImage } from '../../../src/pixels/alpha-image.ts';
import { enlarge } from '../../../src/pixels/upscalers/enlarge.ts';
import { pixelUpscaler, pixelUpscalers } from '../../../src/pixels/upscalers/registry.ts';

interface References {
  readonly width: number;
  readonly height: number;
  readonly sources: Readonly<Record<string, string>>;
  readonly cases: readonly {
    readonly channels: 3 | 4;
    readonly upscaler: string;
    readonly size: readonly [number, number];
    readonly data: string;
  }[];
}

const references = JSON.parse(readFileSync(new URL('references.json', import.meta.url), 'utf8')) as References;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const source = (channels: 3 | 4): AlphaImage => ({
  width: references.width,
  height: references.height,
  channels,
  data: bytes(references.sources[channels]!),
});

describe('upscalers', () => {
  it.each(references.cases)('$upscaler to $size with $channels channels gives what Pillow gives', (reference) => {
    const [width, height] = reference.size;
    const { data } = enlarge(source(reference.channels), { width, height }, pixelUpscaler(reference.upscaler)!);
    expect(data).toEqual(bytes(reference.data));
  });

  it('are all compared', () => {
    const compared = new Set(references.cases.map(({ upscaler }) => upscaler));
    expect(pixelUpscalers.map(({ id }) => id).filter((id) => !compared.has(id))).toEqual([]);
  });

  it.each(pixelUpscalers)('$id leaves a picture of that size as it is, and a colour a colour', (row) => {
    const picture = source(4);
    expect(enlarge(picture, picture, row)).toBe(picture);
    const colour = fc.tuple(...Array.from({ length: 3 }, () => fc.integer({ min: 0, max: 255 })));
    const side = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(colour, side, side, (rgb, width, height) => {
        const flat = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => rgb[i % 3]!);
        const larger = enlarge({ width: 5, height: 4, channels: 3, data: flat }, { width, height }, row);
        expect(larger.data.every((value, i) => value === rgb[i % 3])).toBe(true);
      }),
    );
  });
});
