import { afterAll, describe, expect, it } from 'vitest';
import { latentMask } from '../../src/pixels/latent-mask.ts';
import type { LevelMap } from '../../src/pixels/level-map.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { baseNetworks, controlNetworks } from '../../src/device/pooled-networks.ts';
import { textNetwork } from '../../src/device/text-network.ts';
import { sizeIds, type RowsAndColumns } from '../../src/generation/picture-sizes.ts';
import type { Size } from '../../src/numeric/size.ts';
import { besideEachOther, ofNoText, withSizeIds } from '../../src/pipeline/conditioning/added.ts';
import { stack } from '../../src/numeric/tensor.ts';
import { TorchGenerator } from '../../src/numeric/torch-generator.ts';
import { type Conditioning, throughout } from '../../src/pipeline/conditioning/conditioning.ts';
import { type PromptEncoder, textEncoder } from '../../src/pipeline/conditioning/prompt-encoder.ts';
import { type Role, rolesOf } from '../../src/generation/row-roles.ts';
import { controlWeights } from '../../src/pipeline/controls/control-weights.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../src/pipeline/denoise-loop.ts';
import type { PictureNetworks, ControlNetworks, NetworkSource } from '../../src/pipeline/networks/networks.ts';
import { mapTensor } from '../../src/pipeline/controls/map-tensor.ts';
import type { SampleControl } from '../../src/pipeline/controls/sample-control.ts';
import { pictureFrom, tensorFrom } from '../../src/pipeline/pixels.ts';
import { type DrawnOver, latentsOf, type Repaint } from '../../src/pipeline/drawn-over.ts';
import { type LatentShape, type Pass, type SavedNoise, torchNoise } from '../../src/pipeline/pass.ts';
import { rowOf } from '../../src/pipeline/row.ts';
import { shownOf } from './shown-of.ts';
import type { Shown } from '../../src/pipeline/shown.ts';
import { type Sample, startSample } from '../../src/pipeline/sample.ts';
import type { PartOfSteps } from '../../src/schedulers/part.ts';
import { roundHalfToEven } from '../../src/numeric/round-half-to-even.ts';
import { loadTokenizer } from '../../src/pipeline/tokenizer/load-tokenizer.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { floats, goldenArrays, goldenJson, goldenPath, maxAbsDifference } from '../support/golden.ts';
import { hasSampler, samplerOf } from '../support/schedulers.ts';

interface Case {
  readonly name: string;
  readonly model: string;
  readonly pipeline: string;
  readonly scheduler: readonly [string, Record<string, unknown>];
  readonly controlnets: readonly string[];
  readonly args: Arguments;
  readonly timesteps: readonly number[];
  readonly rng_draws: readonly (readonly number[])[];
}

interface Arguments {
  readonly prompt: string | readonly string[];
  readonly negative_prompt?: string | readonly string[] | null;
  readonly prompt_2?: string;
  readonly negative_prompt_2?: string;
  readonly original_size?: RowsAndColumns;
  readonly crops_coords_top_left?: RowsAndColumns;
  readonly target_size?: RowsAndColumns;
  readonly negative_original_size?: RowsAndColumns;
  readonly negative_crops_coords_top_left?: RowsAndColumns;
  readonly negative_target_size?: RowsAndColumns;
  /** Share of the training's noise levels at which an earlier or later model takes over. */
  readonly denoising_end?: number;
  readonly denoising_start?: number;
  readonly num_inference_steps: number;
  readonly guidance_scale: number;
  readonly guidance_rescale?: number;
  readonly generator: number | readonly number[];
  /** Null: the size of the picture that is drawn over. */
  readonly height: number | null;
  readonly width: number | null;
  readonly eta?: number;
  readonly clip_skip?: number;
  readonly num_images_per_prompt?: number;
  /** The picture that is drawn over, where the pipeline takes one, else that of the ControlNets. */
  readonly image?: string | readonly string[];
  readonly control_image?: string | readonly string[];
  readonly mask_image?: string;
  readonly strength?: number;
  readonly controlnet_conditioning_scale?: number | readonly number[];
  readonly control_guidance_start?: number | readonly number[];
  readonly control_guidance_end?: number | readonly number[];
  readonly guess_mode?: boolean;
}

const { cases } = goldenJson<{ cases: readonly Case[] }>('pipelines', 'pipelines.json');
/** Classes of diffusers that draw what is built: over noise or over a picture, with ControlNets or without. */
const built = [
  'StableDiffusionPipeline',
  'StableDiffusionControlNetPipeline',
  'StableDiffusionImg2ImgPipeline',
  'StableDiffusionControlNetImg2ImgPipeline',
  'StableDiffusionInpaintPipeline',
  'StableDiffusionControlNetInpaintPipeline',
  'StableDiffusionXLPipeline',
  'StableDiffusionXLControlNetPipeline',
  'StableDiffusionXLImg2ImgPipeline',
  'StableDiffusionXLInpaintPipeline',
];

/** The part of the steps that a case draws: another model may draw those before, or after. */
function partOf({ strength = 1, denoising_end: end, denoising_start: start }: Arguments): PartOfSteps {
  const timestepOf = (share: number): number => roundHalfToEven(1000 - share * 1000);
  return {
    strength,
    ...(end === undefined ? {} : { downTo: timestepOf(end) }),
    ...(start === undefined ? {} : { below: timestepOf(start) }),
  };
}

const covered = cases.filter(({ pipeline, scheduler }) => built.includes(pipeline) && hasSampler(scheduler[0]));
const outside = cases.filter((one) => !covered.includes(one));
const inputs = goldenArrays('pipelines', 'inputs.safetensors');
const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
afterAll(async () => await pool.release());

/** A value that a case gives once or per item. */
function each<T>(value: T | readonly T[] | undefined, count: number, fallback: T): readonly T[] {
  return Array.from({ length: count }, (_, i) => (Array.isArray(value) ? value[i] : value) ?? fallback);
}

class GoldenModel implements NetworkSource {
  readonly #base: PictureNetworks;
  readonly encoders: readonly PromptEncoder[];
  /** Whether it takes zeros where there is no negative prompt, and is told the sizes of the picture; null where it is not. */
  readonly added: { readonly zeroNegative: boolean } | null;
  readonly #controls: ReadonlyMap<string, ControlNetworks>;

  private constructor(
    base: PictureNetworks,
    encoders: readonly PromptEncoder[],
    added: GoldenModel['added'],
    controls: ReadonlyMap<string, ControlNetworks>,
  ) {
    this.#base = base;
    this.encoders = encoders;
    this.added = added;
    this.#controls = controls;
  }

  static async open(model: string, controlNets: readonly string[]): Promise<GoldenModel> {
    const checkpoint = await openBaseCheckpoint(goldenPath('models', model));
    const base = baseNetworks(pool, model, checkpoint);
    const encoders = await Promise.all(
      checkpoint.textEncoders.map(async (part, index) => {
        const tokenizer = await loadTokenizer(part.tokenizer.folder ?? '');
        const reads = index === 0 ? 'prompt' : 'prompt_2';
        return textEncoder(part.name, textNetwork(pool, model, part), tokenizer, reads);
      }),
    );
    const controls = new Map<string, ControlNetworks>();
    for (const name of controlNets) {
      const checkpoint = await openControlNetCheckpoint(goldenPath('models', model, name));
      controls.set(name, controlNetworks(pool, `${model}/${name}`, checkpoint));
    }
    const index = goldenJson<{ readonly force_zeros_for_empty_prompt?: boolean }>('models', model, 'model_index.json');
    const zeroNegative = index.force_zeros_for_empty_prompt !== false;
    return new GoldenModel(base, encoders, checkpoint.unet.config.added === null ? null : { zeroNegative }, controls);
  }

  base(): PictureNetworks {
    return this.#base;
  }

  control(name: string): ControlNetworks {
    const controlNet = this.#controls.get(name);
    if (controlNet === undefined) throw new Error(`The case names no ControlNet ${name}`);
    return controlNet;
  }
}

function inputImage(name: string): RgbImage {
  const array = inputs.get(name.slice(1));
  if (array?.dtype !== 'U8') throw new Error(`There is no picture ${name} among the inputs`);
  const [height = 0, width = 0] = array.dims;
  return { width, height, data: array.data };
}

/** What each prompt means; `second` is what a second text encoder reads in their place. */
async function conditionings(
  { encoders }: GoldenModel,
  prompts: readonly string[],
  clipSkip: number,
  second: string | undefined,
): Promise<readonly Conditioning[]> {
  return await Promise.all(
    prompts.map(async (prompt) => {
      const means = encoders.map(async (encoder) => {
        const { reads, tokenizer } = encoder;
        const text = reads === 'prompt_2' ? (second ?? prompt) : prompt;
        return await encoder.encode(tokenizer.tokenize(text).ids, clipSkip);
      });
      return besideEachOther(await Promise.all(means));
    }),
  );
}

/** What a model of SDXL is told beside the texts. */
function told(meant: Conditioning, role: Role, args: Arguments, { added }: GoldenModel, pass: Size): Conditioning {
  if (added === null) return meant;
  const prompt = {
    original: args.original_size ?? null,
    crop: args.crops_coords_top_left ?? ([0, 0] as const),
    target: args.target_size ?? null,
  };
  const negative = {
    original: args.negative_original_size ?? prompt.original,
    crop: args.negative_crops_coords_top_left ?? prompt.crop,
    target: args.negative_target_size ?? prompt.target,
  };
  const isNone = role === 'negative' && (args.negative_prompt ?? null) === null && added.zeroNegative;
  return withSizeIds(isNone ? ofNoText(meant) : meant, sizeIds(role === 'prompt' ? prompt : negative, pass));
}

async function controlsOf({ args, controlnets }: Case, networks: GoldenModel): Promise<SampleControl[]> {
  const count = controlnets.length;
  const images = each<string>(args.control_image ?? args.image, count, '');
  const scales = each(args.controlnet_conditioning_scale, count, 1);
  const starts = each(args.control_guidance_start, count, 0);
  const ends = each(args.control_guidance_end, count, 1);
  const mode = args.guess_mode === true ? 'guess' : 'balanced';
  return await Promise.all(
    controlnets.map(async (network, i) => ({
      acts: 'residuals' as const,
      every: 1,
      network,
      hint: (await networks.control(network).encodeHint(mapTensor(inputImage(images[i] ?? '')))).data,
      start: starts[i] ?? 0,
      end: ends[i] ?? 1,
      weights: controlWeights(mode, scales[i] ?? 1, networks.base().injectionPoints),
      inputs: { map: inputImage(images[i] ?? ''), region: null, remarks: [] },
    })),
  );
}

/** The samples of a case, with noise in the order in which diffusers draws it: one generator for all, or one each. */
async function samplesOf(one: Case, networks: GoldenModel): Promise<Sample[]> {
  const { args, scheduler } = one;
  const base = networks.base();
  const prompts = [args.prompt].flat();
  const negatives = each(args.negative_prompt ?? '', prompts.length, '');
  const images = args.num_images_per_prompt ?? 1;
  const count = prompts.length * images;
  const clipSkip = args.clip_skip ?? 0;
  const positive = await conditionings(networks, prompts, clipSkip, args.prompt_2);
  // diffusers leaves the negative prompt at the last layer, whatever clip_skip says.
  const negative = await conditionings(networks, negatives, 0, args.negative_prompt_2);
  const controls = await controlsOf(one, networks);
  const isOver = args.strength !== undefined || args.denoising_start !== undefined;
  const over = isOver ? await drawnOver(args, base) : null;
  const [height, width] = over === null ? [args.height, args.width] : over.size;
  const shape = [base.latentChannels, (height ?? 0) / base.latentScale, (width ?? 0) / base.latentScale] as const;
  const noises = noisesOf(one, shape, count);
  return Array.from({ length: count }, (_, index) => {
    const guidance = { scale: args.guidance_scale, rescale: args.guidance_rescale ?? 0 };
    const meant = { prompt: positive, negative };
    const pass: Pass = {
      base: one.model,
      shape,
      scheduler: samplerOf(
        ...scheduler,
        args.num_inference_steps,
        args.eta === undefined || args.eta === null ? {} : { eta: args.eta },
        partOf(args),
      ),
      guidance,
      rows: rolesOf(guidance).map((role) => {
        const own = meant[role === 'prompt' ? role : 'negative'][Math.floor(index / images)]!;
        const pass = { height: height ?? 0, width: width ?? 0 };
        return rowOf({ role, weight: 1, conditionings: throughout(told(own, role, args, networks, pass)) }, controls);
      }),
      over: args.denoising_start === undefined ? (over?.latents ?? null) : null,
      shown: over?.shown ?? null,
      structure: '',
      branches: [],
      noiseFrom: () => noises[index]!,
    };
    if (args.denoising_start === undefined || over === null) return startSample(pass, { seed: 0 });
    // What comes from another model is as noisy as the first step is: here, a picture stands for it.
    const noise = noises[index]!;
    const latents = latentsOf(over.latents, noise.draw());
    return startSample(pass, { seed: 0 }, { latents, noise: noise.save() });
  });
}

/** The picture that a case draws over, and its mask by diffusers' rule. */
async function drawnOver(
  { image, mask_image: mask, strength = 1 }: Arguments,
  base: PictureNetworks,
): Promise<{
  readonly size: readonly [height: number, width: number];
  readonly latents: DrawnOver;
  readonly shown: Shown | null;
}> {
  const picture = inputImage([image].flat()[0] ?? '');
  const { mean, logvar } = await base.encode(tensorFrom(picture));
  const [, , height = 0, width = 0] = mean.dims;
  const repaint = (name: string): Repaint => ({
    mask: latentMask(inputLevels(name), { width, height }, 'nearest'),
    mode: 'hard',
    fill: strength === 1 ? null : 'original',
  });
  return {
    size: [picture.height, picture.width],
    shown: await shownOf(base, picture, mask === undefined ? null : inputLevels(mask)),
    latents: {
      mean: mean.data,
      logvar: logvar.data,
      scalingFactor: base.scalingFactor,
      repaint: mask === undefined ? null : repaint(mask),
    },
  };
}

function inputLevels(name: string): LevelMap {
  const array = inputs.get(name.slice(1));
  if (array?.dtype !== 'U8') throw new Error(`There is no mask ${name} among the inputs`);
  const [height = 0, width = 0] = array.dims;
  return { width, height, levels: array.data };
}

/**
 * The noise of each sample: a generator each, or the shares of what one draws for all in the order that the case notes. A draw of one
 * where there are several is of the picture that all of them are drawn over.
 */
function noisesOf({ args, rng_draws: draws }: Case, shape: LatentShape, count: number): readonly SavedNoise[] {
  const seeds = [args.generator].flat();
  if (seeds.length > 1) return seeds.map((seed) => torchNoise(shape, null)(new TorchGenerator(seed).save(), seed));
  const generator = new TorchGenerator(seeds[0] ?? 0);
  const drawn = draws.map((dims) => ({ rows: dims[0] ?? 1, values: generator.randn(dims) }));
  return Array.from({ length: count }, (_, index) => {
    let next = 0;
    const draw = (): Float32Array => {
      const one = drawn[next++];
      if (one === undefined) throw new RangeError('More was drawn than the case notes');
      const size = one.values.length / one.rows;
      const at = one.rows === count ? index * size : 0;
      return one.values.slice(at, at + size);
    };
    return { draw, between: draw, save: () => generator.save() };
  });
}

function stackLatents(samples: readonly Sample[]): Float32Array {
  return stack(
    samples.map(({ state }) => state.latents),
    samples[0]?.pass.shape ?? [],
  ).data;
}

describe('pictures that diffusers draws with the small checkpoints', () => {
  it('covers every case of the six samplers, over noise and over pictures', () => {
    console.log(`pipelines: ${covered.length} cases; outside: ${outside.map(({ name }) => name).join(', ')}`);
    expect(covered.length).toBeGreaterThan(0);
    expect(covered.length + outside.length).toBe(cases.length);
    // Those are drawn by test/e2e/t2i-adapters.test.ts.
    expect(outside.filter(({ pipeline }) => pipeline !== 'StableDiffusionAdapterPipeline')).toEqual([]);
  });

  it.each(covered)('$name', async (one) => {
    const expected = goldenArrays('pipelines', `${one.name}.safetensors`);
    const networks = await GoldenModel.open(one.model, one.controlnets);
    const samples = await samplesOf(one, networks);
    expect(samples[0]?.pass.scheduler.evaluations.map(({ timestep }) => Math.round(timestep))).toEqual(
      one.timesteps.map(Math.round),
    );
    expect(maxAbsDifference(stackLatents(samples), floats(expected, 'initial_latents'))).toBeLessThanOrEqual(1e-5);
    const loop = new DenoiseLoop(splitNetworks(networks), { maxRows: 64, workingMemory: 2 ** 30 });
    loop.join(samples);
    for (let step = 0; loop.size > 0; step++) {
      await loop.tick();
      // Between two evaluations of a step a sample keeps the latents that the step started from.
      const isWhole = samples.every(
        ({ pass, state }) => (pass.scheduler.evaluations[state.evaluation]?.stage ?? 0) === 0,
      );
      if (isWhole && expected.has(`latents.${step}`)) expectLatents(samples, floats(expected, `latents.${step}`));
    }
    expectLatents(samples, floats(expected, 'final_latents'));
    await expectPictures(networks.base(), samples, expected);
  });
});

function expectLatents(samples: readonly Sample[], expected: Float32Array): void {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(maxAbsDifference(stackLatents(samples), expected)).toBeLessThanOrEqual(1e-4 * largest);
}

async function expectPictures(
  base: PictureNetworks,
  samples: readonly Sample[],
  expected: ReturnType<typeof goldenArrays>,
): Promise<void> {
  const bytes = expected.get('image_u8');
  // The latents have been compared: a reference may end with them.
  if (bytes?.dtype !== 'U8') return;
  const drawn: Uint8Array[] = [];
  for (const { state, pass } of samples) {
    const scaled = state.latents.map((value) => value / base.scalingFactor);
    drawn.push(pictureFrom(await base.decode({ dims: [1, ...pass.shape], data: scaled })).data);
  }
  const actual = Buffer.concat(drawn);
  const equal = actual.reduce((count, value, i) => count + (value === bytes.data[i] ? 1 : 0), 0);
  expect(maxAbsDifference(actual, bytes.data)).toBeLessThanOrEqual(1);
  expect(equal / actual.length).toBeGreaterThanOrEqual(0.99);
}
