import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeHere } from '../../../src/images/decoder/decoder.ts';
import type { MaskedImage } from '../../../src/pixels/rgb-image.ts';
import { mayFlip, preparePair, type Preparing } from '../../../src/training/data/prepare.ts';
import type { SetFile } from '../../../src/training/data/set.ts';

const file = async (picture: Sharp): Promise<SetFile> => {
  const bytes = await picture.toBuffer();
  const { autoOrient } = await sharp(bytes).metadata();
  return { name: 'x', sha256: '', ...autoOrient, read: async () => bytes };
};

/** A picture whose columns are `colours`, each so many pixels wide. */
function columns(colours: readonly (readonly number[])[], wide: number, height: number): Sharp {
  const row = colours.flatMap((colour) => Array.from({ length: wide }, () => colour)).flat();
  const channels = colours[0]!.length as 3 | 4;
  const data = Uint8Array.from(Array.from({ length: height }, () => row).flat());
  return sharp(data, { raw: { width: colours.length * wide, height, channels } });
}

const preparing: Preparing = {
  resolution: { width: 8, height: 8 },
  condition: 'my-sketch',
  flip: false,
  decoder: decodeHere,
  extract: async () => {
    throw new Error('A map was given');
  },
};

/** A channel of the middle row, in 0..255. */
const middle = (values: Float32Array, channel: number, signed: boolean): number[] =>
  [...values.subarray(channel * 64 + 32, channel * 64 + 40)].map((value) =>
    Math.round((signed ? value / 2 + 0.5 : value) * 255),
  );

const [red, green, blue] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];

describe('a prepared pair', () => {
  it('has picture and map cut alike, whatever their sizes', async () => {
    // 16 x 8 is cut to its middle 8 columns; a map twice as large, and one that is a little narrower, show the same.
    const picture = await file(columns([red, green, blue, red], 4, 8).png());
    for (const map of [columns([red, green, blue, red], 8, 16), columns([red, green, blue, red], 15, 32)]) {
      const made = await preparePair({ picture, map: await file(map.png()) }, preparing);
      expect(middle(made.picture, 1, true)).toEqual([255, 255, 255, 255, 0, 0, 0, 0]);
      expect(middle(made.map!, 1, false)).toEqual([255, 255, 255, 255, 0, 0, 0, 0]);
      expect(middle(made.map!, 2, false)).toEqual([0, 0, 0, 0, 255, 255, 255, 255]);
    }
  });

  it('has a map of slightly other proportions stretched to its picture first', async () => {
    const shades = Array.from({ length: 32 }, (_, column) => [8 * column, 0, 0]);
    const picture = await file(columns(shades, 1, 16).png());
    const map = await file(columns(shades, 8, 112).png());
    const resolution = { width: 16, height: 16 };
    const made = await preparePair({ picture, map }, { ...preparing, resolution });
    const row = [...made.map!.subarray(0, 16)].map((value) => Math.round(value * 255));
    expect(row).toEqual(shades.slice(8, 24).map(([red]) => red));
  });

  it('keeps the classes of a map that shrinks, and smooths a picture', async () => {
    const striped = columns([red, blue, green, red, blue, green, red, blue], 3, 24);
    const made = await preparePair({ picture: await file(striped.png()), map: await file(striped.png()) }, preparing);
    expect(new Set(middle(made.map!, 0, false))).toEqual(new Set([0, 255]));
  });

  it('is upright, opaque and in 8 bits of red, green and blue', async () => {
    const turned = await file(
      columns([red, green], 4, 8).rotate(90).jpeg({ quality: 100 }).withMetadata({ orientation: 8 }),
    );
    const upright = await preparePair({ picture: turned, map: null }, { ...preparing, condition: null });
    expect(middle(upright.picture, 0, true)[1]).toBeGreaterThan(200);
    expect(middle(upright.picture, 0, true)[6]).toBeLessThan(60);

    const hidden = columns([[255, 0, 0, 0]], 8, 8).png();
    const seen = await preparePair({ picture: await file(hidden), map: await file(hidden.clone()) }, preparing);
    expect(middle(seen.picture, 1, true)).toEqual(Array(8).fill(255));
    expect(middle(seen.map!, 0, false)).toEqual(Array(8).fill(0));

    const grey = Uint16Array.from({ length: 64 }, () => 40_000);
    const deep = sharp(grey, { raw: { width: 8, height: 8, channels: 1 } });
    const forms = {
      '16 bits': deep.clone().toColourspace('grey16').png(),
      grey: columns([[200, 200, 200]], 8, 8)
        .toColourspace('b-w')
        .png(),
      palette: columns([[200, 200, 200]], 8, 8).png({ palette: true }),
      CMYK: columns([[200, 200, 200]], 8, 8)
        .toColourspace('cmyk')
        .jpeg({ quality: 100 }),
    };
    for (const [name, form] of Object.entries(forms)) {
      const { picture } = await preparePair(
        { picture: await file(form), map: null },
        { ...preparing, condition: null },
      );
      for (const channel of [0, 1, 2]) {
        const [value] = middle(picture, channel, true);
        expect(Math.abs(value! - (name === '16 bits' ? 156 : 200)), `${name} ${value}`).toBeLessThanOrEqual(
          name === 'CMYK' ? 16 : 8,
        );
      }
    }
  });

  it('has its map made of the picture as it is trained on, where none was given', async () => {
    const picture = await file(columns([red, green], 4, 8).png());
    const seen: MaskedImage[] = [];
    const extract = async (image: MaskedImage): Promise<MaskedImage> => {
      seen.push(image);
      return { ...image, data: image.data.map((value) => 255 - value) };
    };
    const { map } = await preparePair({ picture, map: null }, { ...preparing, extract, flip: true });
    expect(seen).toMatchObject([{ width: 8, height: 8 }]);
    expect(middle(map!, 0, false)).toEqual([255, 255, 255, 255, 0, 0, 0, 0]);
  });

  it('is mirrored with its map, and a map says left and right anew', async () => {
    // A right shoulder becomes a left one; a surface that looked to the right looks to the left.
    const picture = await file(columns([red, green], 4, 8).png());
    const flipped = async (condition: string, colour: readonly number[]) => {
      const map = await file(columns([colour, [0, 0, 0]], 4, 8).png());
      const made = await preparePair({ picture, map }, { ...preparing, condition, flip: true });
      expect(middle(made.picture, 0, true)).toEqual([0, 0, 0, 0, 255, 255, 255, 255]);
      return [0, 1, 2].map((channel) => middle(made.map!, channel, false)).map((row) => [row[0], row[7]]);
    };
    expect(await flipped('canny', [255, 255, 255])).toEqual([
      [0, 255],
      [0, 255],
      [0, 255],
    ]);
    expect(await flipped('openpose', [255, 170, 0])).toEqual([
      [0, 85],
      [0, 255],
      [0, 0],
    ]);
    expect(await flipped('normal', [200, 128, 255])).toEqual([
      [0, 55],
      [0, 128],
      [0, 255],
    ]);
    // Nearly black, as JPEG leaves what is no surface.
    expect(await flipped('normal', [6, 3, 9])).toEqual([
      [0, 6],
      [0, 3],
      [0, 9],
    ]);
  });

  it.each([
    ['a cat', true],
    ['A cat on the LEFT.', false],
    ['right-handed', false],
    ['looking_left, 1girl', false],
    ['bright copyright', true],
    ['', true],
  ])('may be mirrored: %j is %s', (caption, may) => {
    expect(mayFlip({ caption })).toBe(may);
  });
});
