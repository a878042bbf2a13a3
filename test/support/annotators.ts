import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { BundledAnnotators } from '../../src/extractor/bundled-annotators.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { npyFloats } from './npy.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** The networks that come with the package, each loaded at its first use. */
export const networks = new BundledAnnotators(path('../../models/annotators'));

/** One picture that the networks' own reference was run on; files lie in test/annotators/golden. */
export interface AnnotatorCase {
  readonly model: string;
  readonly image: string;
  readonly input: string;
  /** Output names to .npy files. */
  readonly outputs: Readonly<Record<string, string>>;
  /** What the reference's postprocessing made of the outputs. */
  readonly post: string | null;
}

const golden = '../annotators/golden';

export function annotatorCases(): readonly AnnotatorCase[] {
  return JSON.parse(readFileSync(path(`${golden}/manifest.json`), 'utf8')) as AnnotatorCase[];
}

export async function annotatorPicture(file: string): Promise<RgbImage> {
  return await decodePicture(readFileSync(path(`${golden}/${file}`)));
}

export function annotatorFloats(file: string): Float32Array {
  return npyFloats(path(`${golden}/${file}`));
}

export function annotatorJson<T>(file: string): T {
  return JSON.parse(readFileSync(path(`${golden}/${file}`), 'utf8')) as T;
}

/** A picture of test/photos. */
export async function photo(name: string): Promise<RgbImage> {
  return await decodePicture(readFileSync(path(`../photos/${name}.png`)));
}

export function flatPicture(width: number, height: number, value: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(value) };
}

/** Left and right exchanged. */
export function mirrored({ width, height, data }: RgbImage): RgbImage {
  const flipped = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + width - 1 - x) * 3;
      flipped.set(data.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return { width, height, data: flipped };
}

/** One channel of a picture, by default the first. */
export function channel({ data }: RgbImage, index = 0): Uint8Array {
  return data.filter((_, i) => i % 3 === index);
}

export interface Differences {
  readonly worst: number;
  readonly mean: number;
  /** Share of the values that differ at all. */
  readonly share: number;
}

export function differences(actual: ArrayLike<number>, expected: ArrayLike<number>): Differences {
  if (actual.length !== expected.length) {
    throw new Error(`Expected ${expected.length} values but received ${actual.length}`);
  }
  let [worst, sum, differing] = [0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN));
    if (!(difference <= worst)) worst = difference;
    sum += difference;
    if (difference !== 0) differing++;
  }
  return { worst, mean: sum / expected.length, share: differing / expected.length };
}
