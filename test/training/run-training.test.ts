import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { holdFolder } from '../../src/cli/train/hold-folder.ts';
import { conditionIds } from '../../src/conditions/registry.ts';
import { openLibrary } from '../../src/models/library.ts';
import { openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { readFloats } from '../../src/weights/safetensors/safetensors.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import type { TrainingPlan } from '../../src/generation/kinds/training/plan.ts';
import type { TrainingEvent } from '../../src/training/contract/training-event.ts';
import { TrainingStop } from '../../src/training/contract/training-stop.ts';
import { keptSteps } from '../../src/training/kept-models.ts';
import { estimateLines } from '../../src/cli/train/estimate-lines.ts';
import { check } from '../../src/generation/parse.ts';
import { trainingRequest } from '../../src/generation/request/training.ts';
import { dryRun } from '../../src/training/dry-run.ts';
import { smallTools, trainSmall, writePairs } from './small-training.ts';

const folder = temporaryFolder();
const data = writePairs(join(folder, 'pairs'));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const network = 'diffusion_pytorch_model.safetensors';

test('maps of what is to be drawn anew are not made of pictures that do not say it', async () => {
  const pictures = join(folder, 'pictures');
  mkdirSync(pictures);
  for (const index of [0, 1]) copyFileSync(join(await data, `${index}.png`), join(pictures, `${index}.png`));
  const request = { kind: 'controlnet', condition: 'inpaint', steps: 1, resolution: [64, 64] };
  await expect(trainSmall({ data: pictures, output: join(folder, 'inpaint'), request })).rejects.toThrow(
    '0.png: It has no map.',
  );
  expect(existsSync(join(folder, 'inpaint'))).toBe(false);
});

test('a training that cannot fit into memory is refused with what it needs', async () => {
  const request = { kind: 'controlnet', condition: 'my-squares', steps: 1, resolution: [64, 64] };
  const output = join(folder, 'large');
  await expect(trainSmall({ data: await data, output, request, usableMemory: 2 ** 20 })).rejects.toThrow(
    /needs at least \d+ MiB of memory, \d+ of them for what it moves and the others for the locked networks, but 1 MiB are/,
  );
});

test('a training goes on after more steps than a call has room for', async () => {
  const output = join(folder, 'long');
  const request = { kind: 'lora', steps: 2, resolution: [64, 64] };
  const stop = new AbortController();
  const onStep = (): void => stop.abort(new Error('Stopped'));
  await expect(trainSmall({ data: await data, output, request, onStep, signal: stop.signal })).rejects.toThrow(
    'Stopped',
  );
  const draft = 'small.safetensors.01234567-89ab-cdef-0123-456789abcdef.part';
  writeFileSync(join(output, draft), 'half');
  const losses = join(output, 'losses.jsonl');
  writeFileSync(losses, readFileSync(losses, 'utf8').repeat(200_000));
  expect(await trainSmall({ data: await data, output, request })).toHaveLength(1);
  expect(readdirSync(output)).toContain('small.safetensors');
  expect(readdirSync(output)).not.toContain(draft);
});

test('steps that fit into a time, and a rate, are found once: a training that goes on has them', async () => {
  const request = { kind: 'lora', minutes: 0.5, learning_rate: 'auto', schedule: 'cosine', resolution: [64, 64] };
  const output = join(folder, 'minutes');
  const train = async (tickMs: number, stopAt: number) => {
    let at = 0;
    const now = (): Date => new Date((at += tickMs));
    const said: string[] = [];
    const stop = new AbortController();
    const onEvent = (event: TrainingEvent): void => {
      if (event.type === 'notice') said.push(event.message);
      if (event.type === 'progress' && event.step === stopAt) stop.abort(new Error('Stopped'));
    };
    const done = trainSmall({ data: await data, output, request, now, onEvent, signal: stop.signal });
    return { said, losses: await done.catch((error: unknown) => (error as Error).message) };
  };
  const first = await train(6000, 1);
  expect(first.losses).toBe('Stopped');
  expect(first.said).toEqual([
    expect.stringMatching(/^The learning rate is .*, by a range test\.$/),
    '3 steps of 2.0 s, for the 6 s that are left of 0.5 minutes.',
  ]);
  const { plan } = JSON.parse(readFileSync(join(output, 'training.json'), 'utf8')) as { readonly plan: TrainingPlan };
  expect(plan.steps).toBe(3);
  expect(plan.learningRate).toBeGreaterThanOrEqual(1e-8);
  expect(plan.learningRate).toBeLessThanOrEqual(1e-2);
  const second = await train(60_000, 0);
  expect(second.said).toEqual([]);
  expect(second.losses).toHaveLength(2);
  expect(readFileSync(join(output, 'README.md'), 'utf8')).toContain('| steps | 3 of 1 pictures');
});

test('a training does not go on with another autoencoder than it was begun with', async () => {
  const output = join(folder, 'autoencoder');
  const request = { kind: 'lora', steps: 2, resolution: [64, 64] };
  const stop = new AbortController();
  const onSet = (): void => stop.abort(new Error('Stopped'));
  await expect(trainSmall({ data: await data, output, request, onSet, signal: stop.signal })).rejects.toThrow(
    'Stopped',
  );
  const record = join(output, 'training.json');
  writeFileSync(record, readFileSync(record, 'utf8').replace('"vae": null', '"vae": { "id": "other", "hash": "1" }'));
  await expect(trainSmall({ data: await data, output, request })).rejects.toThrow(
    'its vae was {"id":"other","hash":"1"} and is null now',
  );
});

describe('a ControlNet that is trained on five pairs', () => {
  const request = {
    kind: 'controlnet',
    condition: 'my-squares',
    steps: 14,
    batch: 2,
    learning_rate: 0.02,
    schedule: 'cosine',
    ema: 0.8,
    resolution: [64, 64],
    flip: true,
    name: 'squares',
  };
  const output = join(folder, 'squares');
  let losses: readonly number[] = [];
  beforeAll(async () => {
    losses = await trainSmall({ data: await data, output, request });
  });

  test('learns', () => {
    expect(losses).toHaveLength(14);
    expect(mean(losses.slice(-5))).toBeLessThan(0.92 * mean(losses.slice(0, 5)));
  });

  test('is in the library with its condition, and nothing beside it is in the way', async () => {
    const { controlNets, rejected } = await (await openLibrary([output], { conditions: conditionIds })).list();
    expect(controlNets.map(({ id, type }) => [id, type])).toEqual([['squares', 'my-squares']]);
    expect(rejected).toEqual([]);
    expect(readdirSync(output).toSorted()).toEqual(
      [
        'README.md',
        'armature.json',
        'config.json',
        network,
        'curves.png',
        'losses.jsonl',
        'squares.safetensors',
        'training.json',
      ].toSorted(),
    );
    expect(readFileSync(join(output, 'README.md'), 'utf8')).toContain('| steps | 14 of 2 pictures (2 x 1) |');
  });

  test('is the same in both forms, and has begun to act', async () => {
    const whole = await openControlNetCheckpoint(output);
    const single = await openControlNetCheckpoint(join(output, 'squares.safetensors'), {
      attention_head_dim: 2,
      norm_num_groups: 4,
    });
    expect([...single.controlnet.weights.keys()].toSorted()).toEqual([...whole.controlnet.weights.keys()].toSorted());
    for (const [name, ref] of whole.controlnet.weights) {
      const numbers = await readFloats(output, ref);
      expect(await readFloats(output, single.controlnet.weights.get(name)!), name).toEqual(numbers);
      if (name.startsWith('controlnet_'))
        expect(
          numbers.some((value) => value !== 0),
          name,
        ).toBe(true);
    }
  });

  test('is bit for bit the same where it was stopped and went on', async () => {
    const again = join(folder, 'again');
    const stop = new AbortController();
    const onStep = ({ step }: { readonly step: number }): void => void (step === 6 && stop.abort(new Error('Stopped')));
    await expect(trainSmall({ data: await data, output: again, request, onStep, signal: stop.signal })).rejects.toThrow(
      'Stopped',
    );
    expect(readdirSync(join(again, 'work', 'checkpoints'))).toEqual(['step-6']);
    expect(await trainSmall({ data: await data, output: again, request })).toEqual(losses.slice(6));
    expect(readFileSync(join(again, network)).equals(readFileSync(join(output, network)))).toBe(true);
    expect(readFileSync(join(again, 'losses.jsonl'), 'utf8')).toBe(readFileSync(join(output, 'losses.jsonl'), 'utf8'));
  });

  test('is not trained once more, nor with other settings or pictures where it was begun', async () => {
    mkdirSync(join(output, 'work'));
    await expect(trainSmall({ data: await data, output, request })).rejects.toThrow('has ended after 14 steps');
    expect(readdirSync(output)).not.toContain('work');
    const begun = join(folder, 'begun');
    const stop = new AbortController();
    const onSet = (): void => stop.abort(new Error('Stopped'));
    await expect(trainSmall({ data: await data, output: begun, request, onSet, signal: stop.signal })).rejects.toThrow(
      'Stopped',
    );
    await expect(trainSmall({ data: await data, output: begun, request: { ...request, steps: 3 } })).rejects.toThrow(
      'its steps was 14 and is 3 now',
    );
    const held = await holdFolder(begun);
    await expect(trainSmall({ data: await data, output: begun, request })).rejects.toThrow(
      `${begun} is in use by process ${process.pid}`,
    );
    await held.release();
    const other = await writePairs(join(folder, 'fewer pairs'), 3);
    await expect(trainSmall({ data: other, output: begun, request })).rejects.toThrow(
      'its pictures, maps or captions were others',
    );
    await expect(trainSmall({ data: other, output: other, request })).rejects.toThrow('holds other things');
  });
});

test('models from on the way are kept where they are asked for, and are drawn with as they are', async () => {
  const output = join(folder, 'kept');
  const request = { kind: 'controlnet', condition: 'my-squares', resolution: [64, 64], ema: 0.5, learning_rate: 0.02 };
  const stop = new AbortController();
  const onStep = ({ step }: { readonly step: number }): void => void (step === 3 && stop.abort(new TrainingStop()));
  await trainSmall({
    data: await data,
    output,
    request: { ...request, steps: 6, keep: 2 },
    onStep,
    signal: stop.signal,
  });
  // It was ended after step 3 of 6, with the weights of that; after step 2 it was kept.
  expect(readdirSync(join(output, 'checkpoints'))).toEqual(['step-2']);
  const kept = join(output, 'checkpoints', 'step-2');
  const { controlNets, rejected } = await (await openLibrary([kept], { conditions: conditionIds })).list();
  expect(controlNets.map(({ id, type }) => [id, type])).toEqual([['small-step-2', 'my-squares']]);
  expect(rejected).toEqual([]);
  const two = join(folder, 'two steps');
  await trainSmall({ data: await data, output: two, request: { ...request, steps: 2 } });
  expect(readFileSync(join(kept, network)).equals(readFileSync(join(two, network)))).toBe(true);
  expect(keptSteps(6, 2)).toEqual([2, 4]);
  expect(keptSteps(2, 5)).toEqual([1]);
  expect(keptSteps(1, 3)).toEqual([]);
});

test('a dry run says what a training would take, and leaves nothing behind', async () => {
  const output = join(folder, 'dry', 'run');
  const request = check(trainingRequest, {
    kind: 'controlnet',
    condition: 'my-squares',
    steps: 100,
    batch: 2,
    keep: 3,
    resolution: [64, 64],
    validation: { every: 50, maps: 2 },
  });
  let at = 0;
  const tools = { ...(await smallTools()), now: (): Date => new Date((at += 6000)) };
  const said: string[] = [];
  const watcher = { signal: new AbortController().signal, onEvent: ({ type }: TrainingEvent) => void said.push(type) };
  const estimate = await dryRun(request, { data: await data, output, name: 'dry' }, tools, watcher);
  expect(existsSync(join(folder, 'dry'))).toBe(false);
  expect(new Set(said)).toEqual(new Set(['validating', 'validated', 'memory']));
  expect(estimate).toMatchObject({ steps: 100, pairs: 5, step: 2, look: 6, encoding: 10 });
  // Three looks, and 100 steps.
  expect(estimate.all).toBe(10 + 200 + 18);
  expect(estimate.checkpoints.writing).toBeGreaterThan(0);
  expect(estimate.checkpoints.interval).toBe(20 * estimate.checkpoints.writing);
  expect(estimate.disk.needed).toBeGreaterThan(2 * estimate.checkpoints.bytes);
  expect(estimateLines(estimate)).toEqual([
    '5 pairs, 2 of them held out; 100 steps of 2 pictures',
    expect.stringMatching(/^memory: \S+ [MG]iB at most so far, and the base model once more while it is looked at$/),
    expect.stringMatching(/^disk: \d+ MiB at most, of \S+ [MG]iB that are free/),
    'time: a step 2.0 s, encoding all pairs 10 s, a look 6.0 s; all of it 4 min',
    expect.stringMatching(/^checkpoints: \d+ MiB, every \S+ \S+, in \S+ s each$/),
  ]);
  // A dry run that was killed is in nobody's way.
  mkdirSync(join(output, 'dry-run'), { recursive: true });
  await trainSmall({ data: await data, output, request: { kind: 'lora', steps: 1, resolution: [64, 64] } });
  expect(existsSync(join(output, 'dry-run'))).toBe(false);
});
