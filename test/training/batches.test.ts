import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveTrained, resolveTraining } from '../../src/generation/kinds/training/resolve.ts';
import { check } from '../../src/generation/parse.ts';
import { trainingRequest } from '../../src/generation/request/training.ts';
import { gradientPrefix } from '../../src/graph/steps/step.ts';
import { decodeHere } from '../../src/images/decoder/decoder.ts';
import { row, type Tensor } from '../../src/numeric/tensor.ts';
import { alphasCumprod } from '../../src/schedulers/noise-schedule.ts';
import { batchFeeds, type BatchParts, picturesOf } from '../../src/training/batches.ts';
import { defaultSetLimits } from '../../src/training/data/contract/limits.ts';
import { readTrainingSet } from '../../src/training/data/read-set.ts';
import { EncodedCache } from '../../src/training/encoded-cache.ts';
import { EpochOrder } from '../../src/training/epoch-order.ts';
import { FrozenNetworks } from '../../src/training/frozen-networks.ts';
import { LearntSet, learntShapes } from '../../src/training/learnt-set.ts';
import { controlNetMethod } from '../../src/training/methods/controlnet/method.ts';
import { TrainingRandom } from '../../src/training/training-random.ts';
import { openDecidedBase } from '../../src/weights/checkpoint.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { smallBase, smallSettings, writePairs } from './small-training.ts';

const folder = temporaryFolder();
const resolution = { width: 64, height: 64 };

async function partsFor(model: 'sd15-tiny' | 'sdxl-tiny', settings: object): Promise<BatchParts> {
  const base = await smallBase(model);
  const checkpoint = await openDecidedBase(base);
  const frozen = await FrozenNetworks.open(base, null, smallSettings);
  const { signal } = new AbortController();
  const { pairs } = await readTrainingSet(
    { path: await writePairs(join(folder, model)) },
    {
      maps: 'needed',
      captions: 'found',
      onBad: 'refuse',
      trigger: null,
      resolution,
      tokens: null,
      limits: defaultSetLimits,
    },
    { decoder: decodeHere, signal },
  );
  const request = { kind: 'controlnet', condition: 'my-squares', steps: 9, resolution: [64, 64], seed: 3, ...settings };
  const halvings = checkpoint.unet.config.blockChannels.length - 1;
  const asked = check(trainingRequest, request);
  const trained = resolveTrained(asked, base, 'x');
  const given = { base, vae: null, init: null, trained, halvings, name: 'x', seed: 3, pairs: pairs.length, heldOut: 0 };
  const plan = resolveTraining(asked, given);
  const shapes = learntShapes(checkpoint, resolution, frozen.tokens);
  const set = new LearntSet(pairs, frozen, new EncodedCache(join(folder, 'encoded')), {
    shapes,
    resolution,
    condition: 'my-squares',
    flip: plan.flip,
    decoder: decodeHere,
    extract: async () => await Promise.reject(new Error('Every picture has a map')),
    networks: { picture: model, caption: model },
  });
  const random = new TrainingRandom(plan.seed);
  return {
    plan,
    set,
    random,
    shapes,
    order: new EpochOrder(random, set.length),
    unet: checkpoint.unet.config,
    resolution,
    usesMaps: true,
    cumulative: alphasCumprod(base.schedule.schedule, 'zero'),
    prediction: base.schedule.schedule.predictionType,
    scalingFactor: frozen.scalingFactor,
  };
}

const asBytes = ({ data }: Tensor, index: number, of: number): Buffer =>
  Buffer.from(row({ dims: [of], data }, index).slice().buffer);

describe.each(['sd15-tiny', 'sdxl-tiny'] as const)('a batch for %s', (model) => {
  test('is all that the graph of a step takes besides what it trains', async () => {
    const parts = await partsFor(model, { batch: 2 });
    const [, height, width] = parts.shapes.latents;
    const { unet } = await openDecidedBase(await smallBase(model));
    const graph = controlNetMethod(unet).graph({ rows: 2, height, width, tokens: 77 }, 'learn');
    const trained = new Set(graph.outputs.map(({ name }) => name));
    const wanted = graph.inputs.filter(({ name }) => !trained.has(`${gradientPrefix}${name}`));
    const feeds = await batchFeeds(1, 0, parts);
    expect(Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]))).toEqual(
      Object.fromEntries(wanted.map(({ name, value }) => [name, value.shape])),
    );
    expect(Object.values(feeds).every(({ data }) => data.every((value) => Number.isFinite(value)))).toBe(true);
  });
});

describe('the rows of a step', () => {
  test('are the same in one batch and in several', async () => {
    const one = await partsFor('sd15-tiny', { batch: 4, flip: true });
    const two = await partsFor('sd15-tiny', { batch: 2, accumulation: 2, flip: true });
    const whole = await batchFeeds(3, 0, one);
    const halves = [await batchFeeds(3, 0, two), await batchFeeds(3, 1, two)];
    for (const [name, tensor] of Object.entries(whole)) {
      for (let index = 0; index < 4; index++) {
        const half = halves[Math.floor(index / 2)]?.[name] as Tensor;
        expect(asBytes(half, index % 2, 2).equals(asBytes(tensor, index, 4)), `${name} ${index}`).toBe(true);
      }
    }
  });

  test('hold every picture once an epoch, in another order in the next one and with another seed', async () => {
    const parts = await partsFor('sd15-tiny', { batch: 2 });
    const places = [1, 2, 3, 4, 5].flatMap((step) => picturesOf(step, parts));
    const [first, second] = [places.slice(0, 5), places.slice(5)];
    expect(new Set(first)).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(new Set(second)).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(second).not.toEqual(first);
    const other = new EpochOrder(new TrainingRandom(4), 5);
    expect([0, 1, 2, 3, 4].map((place) => other.at(place))).not.toEqual(first);
  });

  test('have their captions left out as often as it is asked for, with all else the same', async () => {
    const [never, always] = [
      await partsFor('sd15-tiny', { prompt_dropout: 0 }),
      await partsFor('sd15-tiny', { prompt_dropout: 1 }),
    ];
    const [spoken, silent] = [await batchFeeds(2, 0, never), await batchFeeds(2, 0, always)];
    const text = 'encoder_hidden_states';
    expect(silent[text]).not.toEqual(spoken[text]);
    expect({ ...silent, [text]: null }).toEqual({ ...spoken, [text]: null });
    expect((await batchFeeds(5, 0, always))[text]).toEqual(silent[text]);
  });
});

test('the timesteps of a picture share its map, which is moved by chance, and differ in all else', async () => {
  const parts = await partsFor('sd15-tiny', { batch: 2, timesteps_per_map: 2, map_jitter: 3 });
  const { image, sample, timestep } = await batchFeeds(1, 0, parts);
  const plain = await batchFeeds(1, 0, await partsFor('sd15-tiny', { batch: 2 }));
  expect([image?.dims[0], sample?.dims[0], plain['image']?.dims[0]]).toEqual([2, 4, 2]);
  expect(new Set(timestep?.data).size).toBe(4);
  expect([...image!.data]).not.toEqual([...plain['image']!.data]);
});
