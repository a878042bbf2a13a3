import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Annotator, AnnotatorSource } from '../../../src/conditions/contract/condition.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import { openOnnxFile } from '../../../src/runtime/index.ts';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';

/** Path of a file that make_goldens.py made. */
export const golden = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url));

export function readGolden<T>(name: string): T {
  return JSON.parse(readFileSync(golden(name), 'utf8')) as T;
}

export const photo: RgbImage = await decodePicture(readFileSync(golden('photo.png')));

/** Networks by their id: a file made by make_goldens.py and its settings. */
export function networksFrom(
  files: Readonly<Record<string, { readonly file: string; readonly settings?: Readonly<Record<string, unknown>> }>>,
): AnnotatorSource {
  return {
    annotator: async (id): Promise<Annotator> => {
      const { file, settings = {} } = files[id]!;
      return { ...(await openOnnxFile(golden(file), 1)), settings };
    },
  };
}

/** A network that answers every picture with the same. */
export function answering(
  outputs: Readonly<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>,
  settings: Readonly<Record<string, unknown>> = {},
): AnnotatorSource {
  const network = { inputs: ['x'], outputs: Object.keys(outputs), settings, run: async () => outputs };
  return { annotator: async () => network };
}
