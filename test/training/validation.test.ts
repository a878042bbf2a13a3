import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { findCondition } from '../../src/conditions/registry.ts';
import { parseOptions } from '../../src/conditions/contract/options.ts';
import type { TrainingEvent } from '../../src/training/contract/training-event.ts';
import { TrainingStop } from '../../src/training/contract/training-stop.ts';
import type { ValidationFigures } from '../../src/generation/validation-figures.ts';
import type { Extract } from '../../src/training/control-obedience.ts';
import type { MaskedImage } from '../../src/pixels/rgb-image.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { trainSmall, writePairs } from './small-training.ts';

const folder = temporaryFolder();
const data = writePairs(join(folder, 'pairs'), 6);
const network = 'diffusion_pytorch_model.safetensors';
const request = {
  kind: 'controlnet',
  condition: 'canny',
  steps: 4,
  batch: 2,
  learning_rate: 0.02,
  resolution: [64, 64],
  name: 'squares',
  ema: 0.5,
};
const validation = { every: 2, maps: 2, prompts: ['a square'] };

const extract: Extract = async (condition, picture) => {
  const row = findCondition(condition);
  const extractor = await row.load?.();
  return await extractor!.extract(picture, parseOptions(row), {
    annotator: async () => await Promise.reject(new Error('No network is needed')),
  });
};

const pixelsOf = async (path: string): Promise<MaskedImage> => {
  const { data: pixels, info } = await sharp(readFileSync(path)).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(pixels) };
};

const linesIn = (path: string): readonly ValidationFigures[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ValidationFigures);

describe('a ControlNet that is looked at while it is trained', () => {
  const [plain, looked] = [join(folder, 'plain'), join(folder, 'looked')];
  const events: TrainingEvent[] = [];

  test('has the weights of one that is not', async () => {
    await trainSmall({ data: await data, output: plain, request: { ...request, validation_split: 0.34 }, extract });
    const asked = { ...request, validation_split: 0.34, validation };
    await trainSmall({ data: await data, output: looked, request: asked, extract, onEvent: (one) => events.push(one) });
    expect(readFileSync(join(looked, network)).equals(readFileSync(join(plain, network)))).toBe(true);
    expect(existsSync(join(plain, 'validation'))).toBe(false);
  });

  test('says before the first step, every so many and after the last how it obeys maps and what it misses', () => {
    const figures = linesIn(join(looked, 'validation.jsonl'));
    expect(figures.map(({ step }) => step)).toEqual([0, 2, 4]);
    for (const { measure, maps, ranges, loss, g, own, shuffled, ceiling } of figures) {
      expect([measure, maps, ranges.length]).toEqual(['fidelity', 2, 4]);
      expect(loss).toBeGreaterThan(0);
      expect(g).toBeCloseTo((own! - shuffled!) / (1 - shuffled!), 6);
      expect(ceiling).toBeGreaterThan(0.3);
    }
    expect(new Set(figures.map(({ loss }) => loss)).size).toBe(3);
    expect(events.flatMap((one) => (one.type === 'fidelity' ? [one.step] : []))).toEqual([0, 2, 4]);
  });

  test('shows pictures, which are those of the base model before the first step', async () => {
    const shown = events.flatMap((one) => (one.type === 'pictures' ? [one] : []));
    expect(shown.map(({ step, pictures }) => [step, pictures.length])).toEqual([
      [0, 2],
      [2, 2],
      [4, 2],
    ]);
    const [first, , last] = shown;
    const pixels = async (path: string): Promise<string> =>
      (await sharp(readFileSync(path)).raw().toBuffer()).toString('hex');
    const [before] = first!.pictures;
    const [after] = last!.pictures;
    expect(await pixels(before!.picture)).toBe(await pixels(before!.without));
    expect(await pixels(after!.picture)).not.toBe(await pixels(after!.without));
    expect(await sharp(readFileSync(before!.map!)).metadata()).toMatchObject({ width: 64, height: 64 });
    expect(first!.channels.with).toEqual(first!.channels.without);
    expect(last!.channels.with?.mean.every((value) => value > 0 && value < 1)).toBe(true);
  });

  test('draws its curves', async () => {
    const { data: pixels, info } = await sharp(readFileSync(join(looked, 'curves.png')))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([720, 568]);
    const colours = new Set(Array.from({ length: pixels.length / 3 }, (_, at) => pixels.readUIntBE(3 * at, 3)));
    for (const colour of [0x4477aa, 0xee6677, 0x000000]) expect(colours).toContain(colour);
  });

  test('goes on where it was killed with the figures and weights of one that was not', async () => {
    const output = join(folder, 'again');
    const asked = { ...request, validation_split: 0.34, validation };
    const stop = new AbortController();
    const onStep = ({ step }: { readonly step: number }): void => void (step === 2 && stop.abort(new Error('Stopped')));
    const parts = { data: await data, output, request: asked, extract };
    await expect(trainSmall({ ...parts, onStep, signal: stop.signal })).rejects.toThrow('Stopped');
    expect(linesIn(join(output, 'validation.jsonl'))).toHaveLength(1);
    await trainSmall(parts);
    const same = (name: string): void =>
      expect(readFileSync(join(output, name), 'utf8')).toBe(readFileSync(join(looked, name), 'utf8'));
    same('validation.jsonl');
    same(network);
  });

  test('ends with the best that it has where it is told to stop', async () => {
    const output = join(folder, 'stopped');
    const asked = { ...request, steps: 50, validation: { ...validation, maps: 2 } };
    const stop = new AbortController();
    const notices: string[] = [];
    let [maps, extracted]: [readonly (string | null)[], number] = [[], 0];
    const onEvent = (event: TrainingEvent): void => {
      if (event.type === 'pictures') maps = event.pictures.map(({ map }) => map);
      if (event.type === 'notice') notices.push(`${event.code} ${event.step}`);
      if (event.type === 'progress' && event.step === 5) stop.abort(new TrainingStop());
    };
    // From the second look on, which comes after two true pictures and two of the first, it finds what the pictures were to follow.
    const follows: Extract = async (condition, picture) => {
      const at = extracted++;
      const map = maps[at % 2] ?? '';
      return at < 4 ? await extract(condition, picture) : { map: await pixelsOf(map), warnings: [] };
    };
    await trainSmall({ data: await data, output, request: asked, extract: follows, onEvent, signal: stop.signal });
    expect(linesIn(join(output, 'validation.jsonl')).map(({ step, holds }) => [step, holds])).toEqual([
      [0, false],
      [2, true],
      [4, true],
    ]);
    expect(notices).toEqual(['control_took_hold 2']);
    expect(readFileSync(join(output, 'README.md'), 'utf8')).toContain('| steps | 2 of 50 of 2 pictures');
    expect(existsSync(join(output, network))).toBe(true);
    expect(existsSync(join(output, 'work'))).toBe(false);
  });
});

test('maps of a name of their own, of which nothing can be extracted, are told by the loss', async () => {
  const output = join(folder, 'named');
  const asked = { ...request, condition: 'my-squares', steps: 1, validation: { every: 5, maps: 2 } };
  await trainSmall({ data: await data, output, request: asked });
  const figures = linesIn(join(output, 'validation.jsonl'));
  expect(figures.map(({ step, measure }) => [step, measure])).toEqual([
    [0, 'held_out_loss'],
    [1, 'held_out_loss'],
  ]);
  // Zero convolutions say nothing of any map.
  expect(figures[0]).toMatchObject({ g: 0, holds: false });
});

test('a LoRA is told by its loss on what is held out, and by pictures of its prompts', async () => {
  const output = join(folder, 'lora');
  const events: TrainingEvent[] = [];
  const asked = { kind: 'lora', minutes: 0.8, resolution: [64, 64], validation: { prompts: ['a square', 'a cat'] } };
  let at = 0;
  const now = (): Date => new Date((at += 6000));
  await trainSmall({ data: await data, output, request: asked, now, onEvent: (one) => events.push(one) });
  const figures = linesIn(join(output, 'validation.jsonl'));
  const [first] = figures;
  expect(first).toMatchObject({ measure: 'held_out_loss', shuffled: null, g: null, maps: 0 });
  expect(first?.own).toBeGreaterThan(0);
  // Of 48 s 36 are over, and a look at the end takes 6: three steps of 2 s are left.
  expect(figures.map(({ step }) => step)).toEqual([0, 3]);
  const shown = events.find((one) => one.type === 'pictures');
  expect(shown?.pictures.map(({ prompt, map }) => [prompt, map])).toEqual([
    ['a square', null],
    ['a cat', null],
  ]);
});
