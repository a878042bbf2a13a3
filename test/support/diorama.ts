import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { conditionIds } from '../../src/conditions/registry.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { type BaseModel, findBase } from '../../src/generation/models/base.ts';
import type { ControlNetModel } from '../../src/generation/models/controlnet.ts';
import { parsePythonJson } from '../../src/json/python-json.ts';
import { openLibrary } from '../../src/models/library.ts';

/** Path of the embedded model's test data, or of the models folder of the package. */
export function dioramaPath(...parts: readonly string[]): string {
  return fileURLToPath(new URL(['../diorama', ...parts].join('/'), import.meta.url));
}

export const modelsFolder = fileURLToPath(new URL('../../models', import.meta.url));

export interface DioramaCase {
  readonly name: string;
  readonly prompt: string;
  readonly negative: string;
  readonly scheduler: string;
  readonly seed: number;
  readonly steps: number;
  readonly guidance: number;
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly controls: readonly {
    readonly type: string;
    readonly map: string;
    readonly scale: number;
    readonly start: number;
    readonly end: number;
  }[];
  readonly scheduler_config: Record<string, unknown>;
  readonly timesteps: readonly number[];
}

export function dioramaCases(): readonly DioramaCase[] {
  const { cases } = parsePythonJson(readFileSync(dioramaPath('golden', 'cases.json'), 'utf8')) as {
    cases: DioramaCase[];
  };
  return cases;
}

export async function readPicture(...parts: readonly string[]): Promise<RgbImage> {
  return await decodePicture(readFileSync(dioramaPath(...parts)));
}

export interface DioramaModels {
  readonly base: BaseModel;
  controlNet(type: string): ControlNetModel;
}

export async function dioramaModels(): Promise<DioramaModels> {
  const library = await openLibrary([modelsFolder], { conditions: conditionIds });
  const base = await library.find(findBase, 'diorama');
  const { controlNets } = await library.list();
  return {
    base,
    controlNet: (type) => {
      const found = controlNets.find((model) => model.bundledWith === base.id && model.type === type);
      if (found === undefined) throw new Error(`The embedded model has no ControlNet for ${type}`);
      return found;
    },
  };
}
