import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { holdFolder } from '../../src/cli/train/hold-folder.ts';
import { conditionIds } from '../../src/conditions/registry.ts';
import { check } from '../../src/generation/parse.ts';
import { type BaseModel, findBase } from '../../src/generation/models/base.ts';
import { trainingRequest } from '../../src/generation/request/training.ts';
import { decodeHere } from '../../src/images/decoder/decoder.ts';
import { openLibrary } from '../../src/models/library.ts';
import { runTraining, type TrainingProgress } from '../../src/training/run-training.ts';
import { embeddedTokenizer } from '../../src/config/package-files.ts';
import type { StepDone } from '../../src/training/train.ts';
import { smallModelPath } from '../support/golden.ts';

/** Pictures of one colour with their outlines as maps, 64 x 64, in our own layout. */
export async function writePairs(folder: string, count = 5): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const lines: string[] = [];
  for (let index = 0; index < count; index++) {
    const [picture, map] = [`${index}.png`, `map-${index}.png`];
    const [x, size] = [4 + 8 * index, 12 + 4 * index];
    const square = (background: string, colour: string): Promise<Buffer> =>
      sharp({ create: { width: 64, height: 64, channels: 3, background } })
        .composite([
          { input: { create: { width: size, height: size, channels: 3, background: colour } }, left: x, top: 8 },
        ])
        .png()
        .toBuffer();
    writeFileSync(join(folder, picture), await square('#204060', `rgb(${40 * index}, 200, 90)`));
    writeFileSync(join(folder, map), await square('#000000', '#ffffff'));
    lines.push(JSON.stringify({ picture, map, caption: `a square, number ${index}` }));
  }
  writeFileSync(join(folder, 'pairs.jsonl'), `${lines.join('\n')}\n`);
  return folder;
}

export interface SmallTraining {
  readonly model?: 'sd15-tiny' | 'sdxl-tiny';
  readonly data: string;
  readonly output: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly onStep?: (done: StepDone) => void;
  readonly onSet?: () => void;
  readonly signal?: AbortSignal;
  readonly usableMemory?: number;
}

export const smallSettings = {
  provider: 'cpu',
  deviceId: 0,
  threads: 1,
  memoryBudget: 2 ** 30,
  maxRows: 8,
  tokenizerFolder: embeddedTokenizer,
} as const;

export async function smallBase(model: 'sd15-tiny' | 'sdxl-tiny'): Promise<BaseModel> {
  const library = await openLibrary([smallModelPath('models', model)], { conditions: conditionIds });
  return await library.find(findBase, model);
}

/** Trains beside a small model as the command does; gives the losses of the steps that were done. */
export async function trainSmall({
  model = 'sd15-tiny',
  data,
  output,
  request,
  onStep = () => {},
  onSet = () => {},
  signal = new AbortController().signal,
  usableMemory = 2 ** 40,
}: SmallTraining): Promise<readonly number[]> {
  const losses: number[] = [];
  const progress: TrainingProgress = {
    signal,
    onPicture: () => {},
    onSet,
    onStep: (done) => {
      losses.push(done.loss);
      onStep(done);
    },
  };
  const tools = {
    base: await smallBase(model),
    vae: null,
    settings: smallSettings,
    usableMemory,
    decoder: decodeHere,
    extract: async () => await Promise.reject(new Error('Every picture has a map')),
    hold: holdFolder,
    randomSeed: () => 5,
    now: () => new Date(0),
  } as const;
  await runTraining(check(trainingRequest, request), { data, output, name: 'small' }, tools, progress);
  return losses;
}
