import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { TorchGenerator } from '../../src/numeric/torch-generator.ts';
import { type Conditioning, type StepConditionings, throughout } from '../../src/pipeline/conditioning/conditioning.ts';
import { controlWeights } from '../../src/pipeline/controls/control-weights.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop, StepError } from '../../src/pipeline/denoise-loop.ts';
import { rolesOf } from '../../src/generation/row-roles.ts';
import type {
  PictureNetworks,
  ControlNetworks,
  DenoiserInput,
  NetworkSource,
} from '../../src/pipeline/networks/networks.ts';
import type { Region } from '../../src/pixels/region.ts';
import type { ControlInputs } from '../../src/pipeline/controls/control-work.ts';
import type { ImageTokenControl, ResidualControl, SampleControl } from '../../src/pipeline/controls/sample-control.ts';
import { type Pass, torchNoise } from '../../src/pipeline/pass.ts';
import { rowOf } from '../../src/pipeline/row.ts';
import { resumeSample, type Sample, startSample, stepOf } from '../../src/pipeline/sample.ts';
import { createScheduler } from '../../src/schedulers/registry.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import type { Scheduler } from '../../src/schedulers/scheduler.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';

/**
 * Networks small enough to be computed by hand: the prediction is sample/2 + context + timestep/1000 + the residual of
 * point 0, of the context the mean over its tokens; a ControlNet's residual is hint * scale * (1 + timestep/1000).
 */
class AnalyticNetworks implements NetworkSource {
  readonly batches: number[] = [];
  readonly controlBatches: { readonly network: string; readonly rows: number }[] = [];
  failAbove = Number.POSITIVE_INFINITY;
  /** Called before each evaluation. */
  before = (_network: string): void => {};
  /** Milliseconds until a network can run. */
  reloadMs = (_network: string): number => 0;
  /** LoRAs on each row of each evaluation. */
  readonly branches: (readonly (readonly string[])[])[] = [];

  base(key: string): PictureNetworks {
    return {
      reloadMs: (branches, { imagePrompts }) => this.reloadMs(variantOf(key, branches.length > 0, imagePrompts > 0)),
      latentChannels: 1,
      task: 'drawing',
      latentScale: 8,
      key: 'none',
      scalingFactor: 1,
      injectionPoints: 2,
      featurePlaces: 1,
      rowBytes: (height, width) => 100 * height * width,
      encode: async () => await Promise.reject(new Error('no picture here')),
      decode: async (latents) => await Promise.resolve(latents),
      denoise: async (input, { residuals, imageTokens }, branches) => {
        this.before(variantOf(key, branches.flat().length > 0, imageTokens.length > 0));
        this.branches.push(branches.map((own) => own.map(({ lora }) => lora)));
        return await Promise.resolve(this.#denoise(input, residuals));
      },
    };
  }

  control(network: string): ControlNetworks {
    return {
      pooled: false,
      reloadMs: () => this.reloadMs(network),
      encodeHint: async (image) => await Promise.resolve(image),
      residuals: async (input, hint, scale) => {
        this.before(network);
        this.controlBatches.push({ network, rows: input.timestep.data.length });
        return await Promise.resolve([0, 1].map((point) => residual(input, hint, scale, point)));
      },
    };
  }

  #denoise({ sample, timestep, conditioning }: DenoiserInput, residuals: readonly Tensor[]): Tensor {
    const rows = timestep.data.length;
    const context = meansOf(conditioning['context']!);
    if (rows > this.failAbove) throw new Error(`${rows} rows are too many`);
    this.batches.push(rows);
    const cells = sample.data.length / rows;
    const data = sample.data.map((value, i) => {
      const r = Math.floor(i / cells);
      const first = residuals[0]?.data ?? [];
      return (
        value / 2 + (context[r] ?? 0) + (timestep.data[r] ?? 0) / 1000 + (first.length === 1 ? 0 : (first[i] ?? 0))
      );
    });
    return { dims: sample.dims, data };
  }
}

function variantOf(key: string, branches: boolean, pictures: boolean): string {
  return [key, ...(branches ? ['with branches'] : []), ...(pictures ? ['with pictures'] : [])].join(' ');
}

function meansOf({ dims: [rows = 0], data }: Tensor): readonly number[] {
  const length = data.length / rows;
  return Array.from({ length: rows }, (_, r) => {
    return data.subarray(r * length, (r + 1) * length).reduce((sum, value) => sum + value, 0) / length;
  });
}

function residual({ sample, timestep }: DenoiserInput, hint: Tensor, scale: Tensor, point: number): Tensor {
  const cells = hint.data.length / timestep.data.length;
  const data = hint.data.map((value, i) => {
    const r = Math.floor(i / cells);
    return value * (scale.data[2 * r + point] ?? 0) * (1 + (timestep.data[r] ?? 0) / 1000);
  });
  return { dims: sample.dims, data };
}

/** Takes a tenth of the prediction away at each step. */
function tenthScheduler(steps: number): Scheduler {
  const evaluations = Array.from({ length: steps }, (_, step) => {
    return { step, stage: 0, timestep: 900 - 100 * step, level: 1 };
  });
  return {
    evaluations,
    initialNoiseSigma: 1,
    start: (latents) => ({ evaluation: 0, latents, memory: {} }),
    ask: ({ evaluation, latents }) => ({ ...evaluations[evaluation]!, latents }),
    answer: ({ evaluation, latents, memory }, output) => ({
      evaluation: evaluation + 1,
      latents: latents.map((value, i) => value - (output[i] ?? 0) / 10),
      memory,
    }),
    clean: ({ latents }) => latents,
    addNoise: (original) => original,
  };
}

function limits(maxRows: number, workingMemory = 1e9): { maxRows: number; workingMemory: number } {
  return { maxRows, workingMemory };
}

interface Options {
  readonly base?: string;
  readonly steps?: number;
  readonly value?: number;
  readonly guidance?: number;
  /** At which steps guidance acts; absent: at all of them. */
  readonly guided?: readonly number[];
  readonly width?: number;
  readonly branches?: Pass['branches'];
  readonly controls?: readonly SampleControl[];
  readonly prompts?: readonly { readonly weight: number; readonly conditionings: StepConditionings }[];
}

function sample(options: Options = {}): Sample {
  const { base = 'toy', steps = 4, value = 1, guidance = 2, width = 2, controls = [], branches = [] } = options;
  const scheduler = tenthScheduler(steps);
  const prompts = [...(options.prompts ?? [{ weight: 1, conditionings: told(value) }])];
  const roles = rolesOf({ scale: guidance }, prompts.length);
  const questions = roles.map((role) => ({
    role,
    weight: 1,
    conditionings: told(0),
    ...(role === 'prompt' ? prompts.shift() : {}),
  }));
  const pass: Pass = {
    base,
    shape: [1, 1, width],
    scheduler,
    guidance: { scale: guidance, rescale: 0, actsAt: options.guided && ((step) => options.guided!.includes(step)) },
    rows: questions.map((question) => rowOf(question, controls)),
    structure: '',
    branches,
    over: null,
    noiseFrom: torchNoise([1, 1, width], { from: 0.01, to: 20 }),
  };
  const { noise } = startSample(pass, { seed: 0 }).state;
  return {
    pass,
    seeds: { seed: 0 },
    blend: null,
    watch: null,
    shown: null,
    state: { ...scheduler.start(Float32Array.from({ length: width }, (_, i) => value + i)), noise },
  };
}

/** A context of so many tokens, alike but for the first. */
function tokens(value: number, length = 1): Conditioning {
  const data = Float32Array.from({ length }, (_, token) => (token === 0 ? value : 0.5));
  return { context: { dims: [length, 1], data } };
}

function told(value: number, length = 1): StepConditionings {
  return throughout(tokens(value, length));
}

function control(
  network: string,
  hint: number,
  mode: 'balanced' | 'control' = 'balanced',
  start = 0,
  end = 1,
): ResidualControl {
  const weights = controlWeights(mode, 1, 2);
  return { acts: 'residuals', network, hint: Float32Array.of(hint, hint), start, end, weights, inputs: within(null) };
}

/** One of so many keys, and as many values. */
function imagePrompt(count = 0): ImageTokenControl {
  const keys = [new Float32Array(count)];
  const [tokens, weight] = [{ count: 1, keys, values: keys }, Float32Array.of(1)];
  return {
    acts: 'imageTokens',
    tokens: { prompt: tokens, others: tokens },
    start: 0,
    end: 1,
    weights: { prompt: weight, others: weight },
    inputs: within(null),
  };
}

function within(region: Region | null): ControlInputs {
  return { map: { width: 4, height: 1, data: new Uint8Array(12) }, region, remarks: [] };
}

async function drawAlone(options: Options): Promise<Float32Array> {
  const alone = sample(options);
  const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(64));
  loop.join([alone]);
  while (loop.size > 0) await loop.tick();
  return alone.state.latents;
}

/** Acts on the first of two cells in full and on the second by a fifth. */
const region: Region = { width: 4, height: 1, levels: Uint8Array.of(255, 255, 51, 51) };

const mixed: readonly Options[] = [
  { steps: 4, value: 1 },
  { steps: 7, value: 2, guidance: 1 },
  { steps: 3, value: 3, controls: [control('a', 0.5)] },
  { steps: 5, value: 4, controls: [control('a', 0.5, 'control'), control('b', 2, 'balanced', 0.2, 0.7)] },
  { steps: 4, value: 5, controls: [control('b', 1), control('b', 3)] },
  { steps: 4, value: 6, controls: [{ ...control('a', 0.5), inputs: within(region) }, control('a', 2)] },
];

describe('the batched denoise loop', () => {
  it('gives each sample what it gets alone, whatever it is batched with', async () => {
    const samples = mixed.map(sample);
    const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(64));
    loop.join(samples);
    while (loop.size > 0) await loop.tick();
    for (const [index, options] of mixed.entries())
      expect(samples[index]?.state.latents).toEqual(await drawAlone(options));
  });

  it('lets samples join and leave at any step', async () => {
    const [first, second, third] = [
      sample({ steps: 6 }),
      sample({ steps: 6, value: 2 }),
      sample({ steps: 2, value: 3 }),
    ];
    const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(64));
    loop.join([first, second]);
    await loop.tick();
    loop.join([third]);
    await loop.tick();
    loop.leave([second]);
    while (loop.size > 0) await loop.tick();
    expect(stepOf(second)).toBe(2);
    expect(first.state.latents).toEqual(await drawAlone({ steps: 6 }));
    expect(third.state.latents).toEqual(await drawAlone({ steps: 2, value: 3 }));
  });

  it('runs a ControlNet over the rows that use it, once a step', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    loop.join([sample(), sample({ controls: [control('a', 1)] }), sample({ controls: [control('a', 1, 'control')] })]);
    await loop.tick();
    expect(networks.batches).toEqual([6]);
    expect(networks.controlBatches).toEqual([{ network: 'a', rows: 3 }]);
  });

  it('multiplies the residuals of a control by its region, and those of no other', async () => {
    const ofCell = async (cell: number, controls: readonly SampleControl[]) =>
      (await drawAlone({ steps: 1, controls }))[cell];
    const [a, b] = [control('a', 0.5), control('a', 2)];
    const fifth = { ...a, hint: a.hint.map((value) => value / 5) };
    const inRegion: SampleControl = { ...a, inputs: within(region) };
    expect(await ofCell(0, [inRegion, b])).toBe(await ofCell(0, [a, b]));
    expect(await ofCell(1, [inRegion, b])).toBeCloseTo((await ofCell(1, [fifth, b])) ?? Number.NaN, 6);
    expect(await ofCell(1, [inRegion, b])).not.toBeCloseTo((await ofCell(1, [a, b])) ?? Number.NaN, 2);
  });

  it('keeps a batch within the row limit and lets those that waited longest go first', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(4));
    const samples = [1, 2, 3].map((value) => sample({ value, steps: 2 }));
    loop.join(samples);
    await loop.tick();
    expect(samples.map(stepOf)).toEqual([1, 1, 0]);
    await loop.tick();
    expect(samples.map(stepOf)).toEqual([2, 1, 1]);
    expect(networks.batches).toEqual([4, 4]);
  });

  it('keeps a batch within the memory that a step may work in', async () => {
    const networks = new AnalyticNetworks();
    // Rows of width 2 work in 200 bytes: four of them, two samples, fit into 900.
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64, 900));
    loop.join([1, 2, 3].map((value) => sample({ value, steps: 1 })));
    await loop.tick();
    await loop.tick();
    expect(networks.batches).toEqual([4, 2]);
  });

  it('counts into that memory what rows are fed with of the pictures of image prompts', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64, 900));
    // 200 bytes for 25 keys and 25 values, beside the 200 of each row: two rows, one sample.
    loop.join([1, 2, 3].map((value) => sample({ value, steps: 1, controls: value === 1 ? [] : [imagePrompt(25)] })));
    while (loop.size > 0) await loop.tick();
    expect(networks.batches).toEqual([2, 2, 2]);
  });

  it('a single sample above the limit is still drawn', async () => {
    const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(1));
    const one = sample({ steps: 1 });
    loop.join([one]);
    await loop.tick();
    expect(stepOf(one)).toBe(1);
  });

  it('never mixes sizes in a step, and serves both in turn', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const [narrow, wide] = [sample({ steps: 2 }), sample({ steps: 2, width: 3 })];
    loop.join([narrow, wide]);
    await loop.tick();
    expect([stepOf(narrow), stepOf(wide)]).toEqual([1, 0]);
    await loop.tick();
    expect([stepOf(narrow), stepOf(wide)]).toEqual([1, 1]);
  });

  it('goes on one by one where a batch is too large for the device', async () => {
    const networks = new AnalyticNetworks();
    networks.failAbove = 2;
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const samples = [sample({ value: 1 }), sample({ value: 2 })];
    loop.join(samples);
    while (loop.size > 0) await loop.tick();
    expect(samples[0]?.state.latents).toEqual(await drawAlone({ value: 1 }));
    expect(samples[1]?.state.latents).toEqual(await drawAlone({ value: 2 }));
  });

  it('a sample that fails alone leaves the loop and takes no other with it', async () => {
    const networks = new AnalyticNetworks();
    networks.failAbove = 1;
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const [guided, plain] = [sample({ steps: 2 }), sample({ steps: 2, guidance: 1, width: 3 })];
    loop.join([guided, plain]);
    const error = await loop.tick().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StepError);
    expect((error as StepError).samples).toEqual([guided]);
    while (loop.size > 0) await loop.tick();
    expect(stepOf(plain)).toBe(2);
    expect(stepOf(guided)).toBe(0);
  });
});

/** Networks of which one base, with or without its ControlNet, fits into memory; time passes with what they do. */
class TightNetworks extends AnalyticNetworks {
  time = 0;
  loads = 0;
  readonly #loadMs: Readonly<Record<string, number>>;
  readonly #evaluationMs: number;
  readonly #known = new Set<string>();
  #loaded = '';

  constructor(loadMs: Readonly<Record<string, number>>, evaluationMs: number) {
    super();
    this.#loadMs = loadMs;
    this.#evaluationMs = evaluationMs;
  }

  override reloadMs = (network: string): number =>
    network === this.#loaded || !this.#known.has(network) ? 0 : (this.#loadMs[network] ?? 0);

  override before = (network: string): void => {
    if (network !== this.#loaded) {
      this.time += this.#loadMs[network] ?? 0;
      this.loads++;
    }
    this.#loaded = network;
    this.#known.add(network);
    this.time += this.#evaluationMs;
  };
}

/** A LoRA `name` of such a rank on every row. */
const lora = (name: string, rank = 8): Pass['branches'] => [{ lora: name, scale: 1, rank }];

describe('samples with LoRAs beside the layers', () => {
  it('share evaluations with those that have others, or none', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    loop.join([
      sample({ steps: 1, branches: lora('ink') }),
      sample({ steps: 1 }),
      sample({ steps: 1, branches: lora('wash'), guidance: 1 }),
    ]);
    expect((await loop.tick()).stepped).toHaveLength(3);
    expect(networks.branches).toEqual([[['ink'], ['ink'], [], [], ['wash']]]);
  });

  it('go through the network apart, in one step, where their ranks are many together', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const large = [...lora('large', 128), ...lora('ink', 8)];
    loop.join(
      [large, lora('wash', 64), lora('ink', 8), lora('grain', 56), lora('ink', 8)].map((branches) =>
        sample({ steps: 1, guidance: 1, branches }),
      ),
    );
    expect((await loop.tick()).stepped).toHaveLength(5);
    // Who has them all anyway brings those with some of them along.
    expect(networks.branches).toEqual([
      [['large', 'ink'], ['ink'], ['ink']],
      [['wash'], ['grain']],
    ]);
  });

  it('wait for a network of their own, which does for those without LoRAs too', async () => {
    const networks = new TightNetworks({ a: 50, 'a with branches': 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(2), () => networks.time);
    loop.join([sample({ base: 'a', steps: 1 }), sample({ base: 'a', steps: 2, branches: lora('ink') })]);
    await loop.tick();
    await loop.tick();
    const plain = sample({ base: 'a', steps: 1, guidance: 1 });
    const inked = sample({ base: 'a', steps: 1, guidance: 1, branches: lora('ink') });
    loop.join([plain, inked]);
    expect(networks.reloadMs('a')).toBe(50);
    expect(loop.next()?.samples.flatMap(({ pass }) => pass.branches.map(({ lora: name }) => name))).toEqual(['ink']);
    await loop.tick();
    expect(loop.next()).toMatchObject({ samples: [plain, inked], ready: true });
    await loop.tick();
    expect([networks.loads, loop.size]).toEqual([2, 0]);
  });

  it('are not loaded for by a step of samples without LoRAs', async () => {
    const networks = new TightNetworks({ a: 50, 'a with branches': 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    const inked = sample({ base: 'a', steps: 2, branches: lora('ink') });
    loop.join([inked]);
    await loop.tick();
    loop.leave([inked]);
    const plain = sample({ base: 'a', steps: 5 });
    loop.join([plain]);
    await loop.tick();
    loop.join([inked]);
    expect(loop.next()?.samples).toEqual([plain]);
  });
});

describe('bases that do not fit into memory together', () => {
  const steps = 100;

  async function drawAll(loadMs: Readonly<Record<string, number>>): Promise<TightNetworks> {
    const networks = new TightNetworks(loadMs, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    loop.join(Object.keys(loadMs).map((base) => sample({ base, steps })));
    while (loop.size > 0) await loop.tick();
    return networks;
  }

  it('take turns of several load times, so that a fifth of the time goes into loading and no more', async () => {
    const { time, loads } = await drawAll({ a: 50, b: 50 });
    expect(time).toBeLessThanOrEqual((2 * steps * 10) / 0.8 + 100);
    expect(loads).toBeGreaterThan(4);
  });

  it.each([3, 6])('spend no more time on loading where they are %i', async (count) => {
    const bases = Array.from({ length: count }, (_, base) => [`base${base}`, 50] as const);
    const { time } = await drawAll(Object.fromEntries(bases));
    expect(time).toBeLessThanOrEqual((count * steps * 10) / 0.8 + count * 100);
  });

  it('are both drawn, however unequal they are', async () => {
    const { time } = await drawAll({ a: 500, b: 10 });
    expect(time).toBeLessThanOrEqual((2 * steps * 10) / 0.8 + 1000);
  });

  it('take turns with image prompts too, for which they are other networks', async () => {
    const networks = new TightNetworks({ 'a with pictures': 50, 'b with pictures': 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    loop.join(['a', 'b'].map((base) => sample({ base, steps, controls: [imagePrompt()] })));
    while (loop.size > 0) await loop.tick();
    expect(networks.time).toBeLessThanOrEqual((2 * steps * 10) / 0.8 + 100);
  });

  it('do not wait where there is nothing else to do', async () => {
    const networks = new TightNetworks({ a: 50, b: 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    loop.join([sample({ base: 'a', steps: 2 }), sample({ base: 'b', steps: 1 })]);
    await loop.tick();
    await loop.tick();
    expect(loop.next()).toMatchObject({ ready: false, since: 60 });
    await loop.tick();
    expect([networks.time, loop.size]).toEqual([180, 0]);
  });

  it('wait by sample: one whose ControlNet is not loaded holds up none that has no need of it', async () => {
    const networks = new TightNetworks({ a: 50, net: 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    const [plain, steered] = [
      sample({ base: 'a', steps: 30 }),
      sample({ base: 'a', steps: 2, controls: [control('net', 1)] }),
    ];
    loop.join([steered, plain]);
    await loop.tick();
    expect([stepOf(steered), stepOf(plain)]).toEqual([1, 1]);
    for (let tick = 0; tick < 25; tick++) await loop.tick();
    expect([stepOf(steered), stepOf(plain)]).toEqual([1, 26]);
    await loop.tick();
    expect([stepOf(steered), stepOf(plain)]).toEqual([2, 27]);
  });
});

describe('a ControlNet whose window is not open', () => {
  it('is not waited for', async () => {
    const networks = new TightNetworks({ a: 50, net: 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    const [plain, steered] = [
      sample({ base: 'a', steps: 5 }),
      sample({ base: 'a', steps: 4, controls: [control('net', 1, 'balanced', 0, 0.25)] }),
    ];
    loop.join([steered, plain]);
    for (let tick = 0; tick < 4; tick++) await loop.tick();
    expect([stepOf(steered), stepOf(plain), networks.loads]).toEqual([4, 4, 2]);
  });
});

describe('a sample that leaves while it is stepped', () => {
  it('does not come back', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const [leaving, staying] = [sample(), sample({ value: 2 })];
    loop.join([leaving, staying]);
    networks.before = () => loop.leave([leaving]);
    await loop.tick();
    expect(loop.size).toBe(1);
    expect(loop.next()?.samples).toEqual([staying]);
  });

  it('nor after the batch that it was in failed', async () => {
    const networks = new AnalyticNetworks();
    networks.failAbove = 2;
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const [first, leaving] = [sample(), sample({ value: 2 })];
    loop.join([first, leaving]);
    networks.before = () => {
      networks.before = () => {};
      loop.leave([leaving]);
    };
    await loop.tick();
    expect(loop.next()?.samples).toEqual([first]);
  });
});

describe('the state of a sample', () => {
  /** A sampler that draws fresh noise in every step. */
  function stochastic(width = 32): Sample {
    const calm = sample({ width });
    const { schedule } = noiseScheduleFrom(stableDiffusionSchedule);
    return startSample({ ...calm.pass, scheduler: createScheduler('euler_a', schedule, 6) }, { seed: 7 });
  }

  async function finish(one: Sample): Promise<Sample> {
    const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(64));
    loop.join([one]);
    while (loop.size > 0) await loop.tick();
    return one;
  }

  it('is plain data, from which another sample of the pass goes on bit for bit', async () => {
    const whole = await finish(stochastic());
    const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(64));
    const killed = stochastic();
    loop.join([killed]);
    for (let step = 0; step < 3; step++) await loop.tick();
    const { pass } = stochastic();
    const resumed = await finish(resumeSample(pass, { seed: 7 }, structuredClone(killed.state)));
    expect(resumed.state).toEqual(whole.state);
  });

  it('goes on in the noise: each draw is what the generator of its seed gives next', async () => {
    const generator = new TorchGenerator(7);
    // The initial latents, and one draw a step.
    for (let draw = 0; draw < 1 + 6; draw++) generator.randn([1, 1, 1, 32]);
    expect((await finish(stochastic())).state.noise).toEqual(generator.save());
  });

  it('is what it was where a network failed, the place in the noise too', async () => {
    const networks = new AnalyticNetworks();
    networks.failAbove = 0;
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const one = stochastic();
    const before = one.state;
    loop.join([one]);
    await expect(loop.tick()).rejects.toBeInstanceOf(StepError);
    expect(one.state).toBe(before);
    expect(before).toEqual(stochastic().state);
  });
});

describe('the prompts of samples', () => {
  const once = (conditionings: StepConditionings, weight = 1) => ({ prompts: [{ weight, conditionings }] });
  const changing: StepConditionings = { distinct: [tokens(1), tokens(5, 2)], at: [0, 1, 0] };
  const various: readonly Options[] = [
    once(told(1, 77)),
    once(told(2, 154)),
    once(told(3, 231)),
    once(changing),
    {
      prompts: [
        { weight: 0.5, conditionings: told(1, 3) },
        { weight: 2, conditionings: changing },
      ],
    },
    { ...once(told(4, 2)), guidance: 1 },
  ];

  it('of any length share every step, and give what they give alone', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const together = various.map(sample);
    loop.join(together);
    while (loop.size > 0) expect((await loop.tick()).stepped).toHaveLength(various.length);
    expect(networks.batches).toEqual([12, 12, 12, 12]);
    for (const [index, options] of various.entries()) {
      const alone = await drawAlone(options);
      together[index]?.state.latents.forEach((value, i) => expect(value).toBeCloseTo(alone[i] ?? Number.NaN, 4));
    }
  });

  it('that cannot be brought to one length go through the network apart, in the same step', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const options = [once(told(1, 77 * 13)), once(told(2, 77 * 7)), once(told(3, 77 * 2))];
    const together = options.map(sample);
    loop.join(together);
    expect((await loop.tick()).stepped).toHaveLength(3);
    // The negative prompts are one token long, which fits all: they go with the first.
    expect(networks.batches).toEqual([4, 1, 1]);
    while (loop.size > 0) await loop.tick();
    for (const [index, one] of options.entries()) {
      const alone = await drawAlone(one);
      together[index]?.state.latents.forEach((value, i) => expect(value).toBeCloseTo(alone[i] ?? Number.NaN, 4));
    }
  });

  it('are told step by step', async () => {
    const [first, second] = [tokens(1), tokens(5)];
    const alternating = await drawAlone(once({ distinct: [first, second], at: [0, 1, 0, 1] }));
    const steady = await drawAlone(once(throughout(first)));
    expect(alternating).not.toEqual(steady);
    expect(await drawAlone(once({ distinct: [first, tokens(1)], at: [0, 1, 0, 1] }))).toEqual(steady);
  });

  it('that are more than a step may have rows go through the network in several runs', async () => {
    const prompts = [1, 2, 3, 4].map((value) => ({ weight: 0.5, conditionings: told(value) }));
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(2));
    const one = sample({ prompts, steps: 1 });
    loop.join([one]);
    await loop.tick();
    expect(networks.batches).toEqual([2, 2, 1]);
    expect([...one.state.latents]).toEqual([...(await drawAlone({ prompts, steps: 1 }))]);
  });
});

describe('guidance at some of the steps', () => {
  const guided = [1, 2];
  /** The first latent after each step: 0.5 x + t/1000 + the value, or with guidance 2 twice the value, a tenth of it taken away. */
  function byHand(value: number, steps: number): number {
    let x = value;
    for (let step = 0; step < steps; step++) {
      x -= (x / 2 + (900 - 100 * step) / 1000 + (guided.includes(step) ? 2 : 1) * value) / 10;
    }
    return x;
  }

  it('asks about the negative prompt at those alone, alone and beside others, and after a checkpoint', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(100));
    const own = sample({ value: 3, guided });
    loop.join([own]);
    const rows: number[] = [];
    for (let step = 0; step < 4; step++) {
      rows.push((await loop.tick()).rows);
      expect(own.state.latents[0]).toBeCloseTo(byHand(3, step + 1), 5);
    }
    expect(rows).toEqual([1, 2, 2, 1]);
    expect(networks.batches).toEqual([1, 2, 2, 1]);

    const [first, other] = [sample({ value: 3, guided }), sample({ value: 5 })];
    loop.join([first, other]);
    expect((await loop.tick()).rows).toBe(3);
    expect((await loop.tick()).rows).toBe(4);
    const resumed = resumeSample(first.pass, first.seeds, first.state);
    loop.leave([first]);
    loop.join([resumed]);
    while (loop.size > 0) await loop.tick();
    expect([...resumed.state.latents]).toEqual([...own.state.latents]);
  });

  it('asks several prompts beside the negative one at every step', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(100));
    const prompts = [1, 4].map((value) => ({ weight: 0.5, conditionings: told(value) }));
    const own = sample({ value: 3, prompts, guided: [1] });
    loop.join([own]);
    await loop.tick();
    // Their mean, at a scale of 1.
    expect(own.state.latents[0]).toBeCloseTo(3 - (3 / 2 + 0.9 + 2.5) / 10, 5);
    expect(networks.batches).toEqual([3]);
  });
});
