import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { packageRoot } from '../../src/config/package-files.ts';

/** A picture file that was damaged, or that no camera would make. */
export interface MutatedPicture {
  /** What it is and what was done to it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const photos = ['astronaut', 'chelsea', 'coffee', 'rocket'].map((name) =>
  readFileSync(join(packageRoot, 'test', 'photos', `${name}.png`)),
);

/** Sides in pixels: ordinary ones, odd ones, and none that a network expects. */
const sizes = [
  [96, 64],
  [64, 96],
  [33, 57],
  [7, 5],
  [1, 1],
  [1, 300],
  [300, 1],
  [2, 2],
  [160, 9],
] as const;

const encoders: Readonly<Record<string, (picture: Sharp) => Promise<Buffer>>> = {
  png: async (picture) => await picture.png().toBuffer(),
  'png with alpha': async (picture) => await picture.ensureAlpha(0.4).png().toBuffer(),
  'png of 16 bits': async (picture) => await picture.toColourspace('rgb16').png().toBuffer(),
  'png in grey': async (picture) => await picture.greyscale().png().toBuffer(),
  'png with palette': async (picture) => await picture.png({ palette: true, colours: 8 }).toBuffer(),
  jpeg: async (picture) => await picture.jpeg().toBuffer(),
  'jpeg in grey': async (picture) => await picture.greyscale().jpeg().toBuffer(),
  'jpeg in CMYK': async (picture) => await picture.toColourspace('cmyk').jpeg().toBuffer(),
  'jpeg that is turned': async (picture) => await picture.withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  webp: async (picture) => await picture.webp().toBuffer(),
  gif: async (picture) => await picture.gif().toBuffer(),
  tiff: async (picture) => await picture.tiff().toBuffer(),
};

type Random = (below: number) => number;

/**
 * `count` picture files, the same ones for the same seed: photographs, flat colours, noise and stripes of many sizes in
 * many formats, two of three of them with bytes changed, cut out, put in or cut off.
 */
export async function* mutatedPictures(seed: number, count: number): AsyncGenerator<MutatedPicture> {
  const random = randomNumbers(seed);
  const formats = Object.entries(encoders);
  for (let i = 0; i < count; i++) {
    const [content, picture] = contentOf(random);
    const [format, encode] = formats[random(formats.length)]!;
    const bytes = await encode(picture);
    const [change, mutated] = random(3) === 0 ? ['whole', bytes] : mutate(bytes, random);
    yield { name: `${i}: ${content} as ${format}, ${change}`, bytes: mutated };
  }
}

function contentOf(random: Random): readonly [string, Sharp] {
  const [width, height] = sizes[random(sizes.length)]!;
  const what = `${width}x${height}`;
  const raw = { width, height, channels: 3 } as const;
  const pixels = (value: (i: number) => number): Sharp =>
    sharp(
      Uint8Array.from({ length: width * height * 3 }, (_, i) => value(i)),
      { raw },
    );
  switch (random(5)) {
    case 0: {
      const colour = random(256);
      return [`flat ${what}`, pixels(() => colour)];
    }
    case 1:
      return [`noise ${what}`, pixels(() => random(256))];
    case 2: {
      const period = 1 + random(12);
      return [`stripes ${what}`, pixels((i) => (Math.floor(i / 3 / period) % 2) * 255)];
    }
    default:
      return [`photo ${what}`, sharp(photos[random(photos.length)]).resize(width, height, { fit: 'cover' })];
  }
}

function mutate(bytes: Buffer, random: Random): readonly [string, Uint8Array] {
  const at = random(bytes.length);
  const length = 1 + random(Math.min(64, bytes.length - at));
  const noise = Buffer.from(Array.from({ length }, () => random(256)));
  switch (random(6)) {
    case 0:
      return ['cut off', bytes.subarray(0, at)];
    case 1:
      return ['bytes cut out', Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])];
    case 2:
      return ['bytes put in', Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)])];
    case 3:
      return ['bytes changed', Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at + length)])];
    default: {
      const changed = Buffer.from(bytes);
      for (let n = 1 + random(4); n > 0; n--) changed[random(changed.length)]! ^= 1 << random(8);
      return ['bits flipped', changed];
    }
  }
}

/** Whole numbers below a bound, from a linear congruential generator (Park and Miller). */
function randomNumbers(seed: number): Random {
  let state = (seed % 2147483646) + 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}
