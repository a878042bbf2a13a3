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
import { runTraining } from '../../src/training/run-training.ts';
import { embeddedTokenizer } from '../../src/config/package-files.ts';
import type { ProgressEvent, TrainingEvent } from '../../src/training/contract/training-event.ts';
import type { Extract } from '../../src/training/control-obedience.ts';
import type { InitialModel, TrainingTools } from '../../src/training/training-tools.ts';
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
  readonly onStep?: (done: ProgressEvent) => void;
  readonly onEvent?: (event: TrainingEvent) => void;
  readonly onSet?: () => void;
  readonly signal?: AbortSignal;
  readonly usableMemory?: number;
  readonly init?: InitialModel;
  readonly extract?: Extract;
  readonly now?: () => Date;
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

/** What is given to trainings beside a small model. */
export async function smallTools(model: 'sd15-tiny' | 'sdxl-tiny' = 'sd15-tiny'): Promise<TrainingTools> {
  return {
    base: await smallBase(model),
    vae: null,
    init: null,
    settings: smallSettings,
    usableMemory: 2 ** 40,
    decoder: decodeHere,
    extract: async () => await Promise.reject(new Error('Every picture has a map')),
    hold: holdFolder,
    randomSeed: () => 5,
    now: () => new Date(0),
  };
}

/** Trains beside a small model as the command does; gives the losses of the steps that were done. */
export async function trainSmall({
  model = 'sd15-tiny',
  data,
  output,
  request,
  onStep = () => {},
  onSet = () => {},
  onEvent = () => {},
  signal = new AbortController().signal,
  usableMemory = 2 ** 40,
  init,
  now = () => new Date(0),
  extract = async () => await Promise.reject(new Error('Every picture has a map')),
}: SmallTraining): Promise<readonly number[]> {
  const losses: number[] = [];
  const watcher = {
    signal,
    onEvent(event: TrainingEvent) {
      if (event.type === 'validated') onSet();
      if (event.type === 'progress') {
        losses.push(event.loss);
        onStep(event);
      }
      onEvent(event);
    },
  };
  const tools = {
    ...(await smallTools(model)),
    usableMemory,
    ...(init === undefined ? {} : { init }),
    extract,
    now,
  };
  await runTraining(check(trainingRequest, request), { data, output, name: 'small' }, tools, watcher);
  return losses;
}
