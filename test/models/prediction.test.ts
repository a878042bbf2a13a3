import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, test } from 'vitest';
import { warningsOf } from '../../src/generation/warnings.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import { openLibrary } from '../../src/models/library.ts';
import { type BaseModel, findBase } from '../../src/generation/models/base.ts';
import { smallModelPath } from '../support/golden.ts';
import { expectDrawn } from '../weights/single-files/drawing.ts';
import { emptyTensor, smallBase, type Tensors, tensorsOf } from '../weights/single-files/small-models.ts';
import { type PublishedFile, publishedFiles } from '../../src/weights/prediction/published-files.ts';
import { openSafetensors, readTensor } from '../../src/weights/safetensors/safetensors.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { float32Tensor, writeSafetensors } from '../weights/write-safetensors.ts';
import type { Prediction } from '../../src/schedulers/prediction-type.ts';
import { setPrediction } from '../../src/models/tell.ts';

const root = temporaryFolder();
const models = join(root, 'models');
const options = { conditions: ['canny'], typesFile: join(root, 'data', 'armature.json') };
const plain = smallBase();
const biasOfSd2 = 'model.diffusion_model.output_blocks.5.1.transformer_blocks.0.norm1.bias';

beforeEach(() => {
  for (const folder of [models, join(root, 'data')]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(models, { recursive: true });
});

interface Written {
  readonly tensors?: Tensors;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly beside?: Readonly<Record<string, string>>;
}

/** A single file `one.safetensors`, its markers and what lies beside it. */
function writeModel({ tensors = {}, metadata, beside = {} }: Written, base: Tensors = plain): void {
  writeSafetensors(join(models, 'one.safetensors'), { ...base, ...tensors }, metadata);
  for (const [ending, text] of Object.entries(beside)) writeFileSync(join(models, `one${ending}`), text);
}

async function listed(): Promise<BaseModel> {
  return await (await openLibrary([models], options)).find(findBase, 'one');
}

async function predicted(written: Written, base?: Tensors): Promise<Prediction> {
  writeModel(written, base);
  return (await listed()).prediction;
}

/** The base model with the widths of SD 2.x, and a spread of the bias that tells what it predicts. */
function sd2(spread: number): Tensors {
  const bias = Float32Array.from({ length: 32 }, (_, place) => (place % 2 === 0 ? spread : -spread));
  return { ...(wide ??= wideBase()), [biasOfSd2]: float32Tensor([32], bias) };
}

let wide: Tensors | undefined;

function wideBase(): Tensors {
  const shapes = Object.entries(plain).map(([name, { shape }]): [string, readonly number[]] => {
    if (/attn2\.to_[kv]\.weight$/.test(name)) return [name, [shape[0] ?? 0, 1024]];
    if (!name.startsWith('cond_stage_model.')) return [name, shape];
    const few = name.includes('token_embedding') ? [8, 64] : shape;
    return [name, few.map((side) => (side === 64 ? 1024 : side === 256 ? 64 : side))];
  });
  return tensorsOf(Object.fromEntries(shapes));
}

const v = { type: 'v_prediction', zeroSnr: false } as const;
const yaml = (params: string): string =>
  `model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n  params:\n    linear_start: 0.00085\n${params}`;

const textEncoder = (target: string, layer: string): string =>
  `    cond_stage_config:\n      target: ldm.modules.encoders.modules.${target}\n      params:\n        layer: ${layer}\n`;

describe('what a single file of SD 1.x predicts', () => {
  test.each<[string, Written, Partial<Prediction>]>([
    ['nothing says it', {}, { type: 'epsilon', zeroSnr: false, decidedBy: 'family' }],
    ['an empty tensor v_pred', { tensors: { v_pred: emptyTensor() } }, { ...v, decidedBy: 'marker' }],
    [
      'v_pred and ztsnr inside the network',
      {
        tensors: {
          'model.diffusion_model.v_pred': float32Tensor([1], [1]),
          'model.diffusion_model.ztsnr': emptyTensor(),
        },
      },
      { ...v, zeroSnr: true },
    ],
    ['modelspec "v"', { metadata: { 'modelspec.prediction_type': 'v' } }, { ...v, decidedBy: 'marker' }],
    ['modelspec "V-Prediction"', { metadata: { 'modelspec.prediction_type': 'V-Prediction' } }, v],
    ['modelspec "v_pred"', { metadata: { 'modelspec.prediction_type': ' v_pred ' } }, v],
    ['modelspec "eps"', { metadata: { 'modelspec.prediction_type': 'eps' } }, { type: 'epsilon', decidedBy: 'marker' }],
    ['modelspec "sample"', { metadata: { 'modelspec.prediction_type': 'sample' } }, { type: 'sample' }],
    ['a switch that is no text', { metadata: { ss_v_parameterization: true } }, { ...v, decidedBy: 'marker' }],
    ["Python's word for nothing", { metadata: { 'modelspec.prediction_type': 'None' } }, { decidedBy: 'family' }],
    [
      'zero SNR in the metadata',
      { metadata: { 'modelspec.prediction_type': 'v', ss_zero_terminal_snr: 'True' } },
      { ...v, zeroSnr: true },
    ],
    ['a .yaml beside it', { beside: { '.yaml': yaml('    parameterization: "v"\n') } }, { ...v, decidedBy: 'config' }],
    [
      'a .yml with zero SNR',
      { beside: { '.yml': yaml('    parameterization: v\n    rescale_betas_zero_snr: true\n') } },
      { ...v, zeroSnr: true },
    ],
    [
      'a .json beside it',
      { beside: { '.json': '\uFEFF{"prediction_type": "v_prediction", "rescale_betas_zero_snr": true}' } },
      { ...v, zeroSnr: true, decidedBy: 'config', source: 'one.json' },
    ],
    ['a .json about something else', { beside: { '.json': '{"description": "nice", "x": [1]}' } }, { type: 'epsilon' }],
    [
      'config against marker: the config',
      {
        tensors: { v_pred: emptyTensor(), ztsnr: emptyTensor() },
        beside: { '.yaml': yaml('    parameterization: eps\n') },
      },
      {
        type: 'epsilon',
        zeroSnr: false,
        decidedBy: 'config',
        contradiction: 'one.yaml says epsilon, the tensor v_pred and ztsnr of one.safetensors says v_prediction',
      },
    ],
    [
      'a config of the original code that is silent: the marker',
      { tensors: { v_pred: emptyTensor() }, beside: { '.yaml': yaml('') } },
      { ...v, decidedBy: 'marker' },
    ],
  ])('%s', async (_, written, expected) => {
    expect(await predicted(written)).toMatchObject(expected);
  });

  test.each<[string, Written, RegExp]>([
    ['EDM by its tensors', { tensors: { edm_mean: emptyTensor() } }, /EDM .*edm_mean/],
    ['CosXL by its tensors', { tensors: { 'edm_vpred.sigma_max': emptyTensor() } }, /edm_vpred\.sigma_max/],
    ['a type that is not known', { metadata: { 'modelspec.prediction_type': 'flow' } }, /"flow".*epsilon/],
    ['a number as a type', { metadata: { 'modelspec.prediction_type': 5 } }, /"5".*epsilon/],
    [
      'a config that says it twice',
      { beside: { '.json': '{"prediction_type": "epsilon", "prediction_type": "v_prediction"}' } },
      /"prediction_type" is there twice/,
    ],
    [
      'one in YAML',
      { beside: { '.yaml': yaml('    parameterization: v\n    parameterization: eps\n') } },
      /YAML in one\.yaml/,
    ],
    ...(['in_channels', 'out_channels', 'model_channels', 'num_res_blocks', 'context_dim'] as const).map(
      (field): [string, Written, RegExp] => [
        `a config of another model, by its ${field}`,
        { beside: { '.yaml': yaml(`    unet_config:\n      params:\n        ${field}: 77\n`) } },
        new RegExp(`${field} = 77 where the weights have \\d+`),
      ],
    ),
    ['the same in a config', { beside: { '.json': '{"prediction_type": "edm"}' } }, /"edm" in one\.json/],
    [
      'another noise schedule of the original code',
      { beside: { '.yaml': yaml('    beta_schedule: cosine\n') } },
      /beta_schedule = "cosine" in one\.yaml.*"linear"/,
    ],
    [
      'a layer of the text encoder that is not built',
      { beside: { '.yaml': yaml(textEncoder('FrozenOpenCLIPEmbedder', 'last')) } },
      /layer = "last" in one\.yaml.*"penultimate"/,
    ],
    [
      'the same of the other text encoder',
      { beside: { '.yaml': yaml(textEncoder('FrozenCLIPEmbedder', 'hidden')) } },
      /layer = "hidden" in one\.yaml.*"last"/,
    ],
    [
      'a scheduler_config.json of another kind of training',
      { beside: { '.json': '{"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000}' } },
      /flow matching/,
    ],
    ['a config that does not parse', { beside: { '.yaml': 'a: [' } }, /YAML in one\.yaml/],
  ])('%s is refused by name', async (_, written, reason) => {
    writeModel(written);
    const { bases, rejected } = await (await openLibrary([models], options)).list();
    expect(bases).toEqual([]);
    expect(rejected).toMatchObject([{ id: 'one', detail: expect.stringMatching(reason) }]);
  });

  it('follows numbers of the schedule and of the autoencoder that a config gives', async () => {
    writeModel({});
    const usual = await listed();
    writeModel({ beside: { '.yaml': yaml('    linear_end: 0.02\n    scale_factor: 0.13\n') } });
    expect((await listed()).hash).not.toBe(usual.hash);
  });

  it.each<[string, string, object]>([
    [
      '.json',
      '{"num_train_timesteps": 1000, "beta_schedule": "linear", "timestep_spacing": "trailing", "clip_sample": true}',
      {
        schedule: { betaSchedule: 'linear', betaStart: 0.00085 },
        samplerDefaults: { timestepSpacing: 'trailing', clipSample: true },
      },
    ],
    ['.json', '{"beta_end": 0.03}', { schedule: { betaSchedule: 'scaled_linear', betaEnd: 0.03 } }],
  ])('follows a scheduler_config.json under its name (%s: %s)', async (ending, text, schedule) => {
    writeModel({ beside: { [ending]: text } });
    expect((await listed()).schedule).toMatchObject(schedule);
  });

  it('follows several configs beside it, the .yaml before the .json', async () => {
    const beside = { '.yaml': yaml('    linear_end: 0.02\n'), '.json': '{"beta_end": 0.03, "scale_factor": 0.13}' };
    writeModel({ beside: { '.yaml': beside['.yaml'] } });
    const one = await listed();
    writeModel({ beside });
    const both = await listed();
    expect(both.schedule.schedule.betaEnd).toBe(0.02);
    expect(both.hash).not.toBe(one.hash);
  });

  it('follows the heads of the UNet that a config gives', async () => {
    const unet = (params: string): string =>
      yaml(
        `    unet_config:\n      target: ldm.modules.diffusionmodules.openaimodel.UNetModel\n      params:\n${params}`,
      );
    const hashes: string[] = [];
    for (const params of ['', '        num_heads: 8\n', '        num_heads: 4\n', '        num_head_channels: 16\n']) {
      writeModel({ beside: { '.yaml': unet(params) } });
      hashes.push((await listed()).hash);
    }
    const [silent, usual, four, wide] = hashes;
    expect(usual).toBe(silent);
    expect(new Set([usual, four, wide]).size).toBe(3);
  });
});

describe('what a single file of SD 2.x predicts', () => {
  it('is known of a published file, byte for byte and without a word in the warnings', async () => {
    const publish = (type: PublishedFile['type']): void => {
      const bytes = readFileSync(join(models, 'one.safetensors'));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const rows = publishedFiles as PublishedFile[];
      rows.push({ name: 'a small one', sha256, least: bytes.length - 1, most: bytes.length + 1, type });
      onTestFinished(() => void rows.pop());
    };
    writeModel({}, sd2(0.05));
    publish('v_prediction');
    const { prediction } = await listed();
    expect(prediction).toMatchObject({ ...v, decidedBy: 'fingerprint', contradiction: null });
    expect(prediction.source).toBe('SHA-256 of the published a small one');

    const other = readFileSync(join(models, 'one.safetensors'));
    other[other.length - 1]! ^= 1;
    writeFileSync(join(models, 'one.safetensors'), other);
    expect((await listed()).prediction).toMatchObject({ type: 'epsilon', decidedBy: 'weights' });

    writeModel({ metadata: { prediction_type: 'epsilon' } }, sd2(0.05));
    publish('v_prediction');
    expect((await listed()).prediction).toMatchObject({ type: 'epsilon', decidedBy: 'marker' });
  });

  it('is not read to the end of files of another size', () => {
    for (const { least, most, sha256 } of publishedFiles) {
      expect(most - least).toBeLessThan(0.01 * most);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it.each([
    [0.0885, 'epsilon'],
    [0.0889, 'v_prediction'],
  ] as const)('a bias whose spread is %d: %s, assumed', async (spread, type) => {
    const prediction = await predicted({}, sd2(spread));
    expect(prediction).toMatchObject({ type, decidedBy: 'weights', source: expect.stringContaining('norm1.bias') });
  });

  it('what is assumed stands in the warnings of a job, what is said does not', async () => {
    writeModel({}, sd2(0.05));
    const library = await openLibrary([models], options);
    const warnings = async () => {
      const found = await library.list();
      const prompts = { prompt: '', negativePrompt: '', promptSyntax: 'a1111' };
      const run = { steps: 1, evaluations: 1 };
      const plan = { model: { id: 'one', hash: '' }, ...prompts, guidanceScale: 5, controls: [], steps: 1, run };
      return warningsOf(plan as unknown as GenerationPlan, found);
    };
    expect(await warnings()).toEqual([expect.stringMatching(/epsilon was assumed.*set one --prediction-type v_pred/)]);
    await setPrediction(library, 'one', { type: 'epsilon' });
    expect(await warnings()).toEqual([]);
    writeModel({ tensors: { v_pred: emptyTensor() } }, sd2(0.05));
    await setPrediction(library, 'one', null);
    expect(await warnings()).toEqual([]);
    rmSync(join(models, 'one.safetensors'));
    writeModel({});
    expect(await warnings()).toEqual([]);
  });
});

describe('who goes before whom', () => {
  it("the user's word, then armature.json, then config, then marker; what was set is kept and taken back", async () => {
    const folder = join(models, 'one');
    mkdirSync(folder);
    writeSafetensors(join(folder, 'x.safetensors'), { ...plain, v_pred: emptyTensor(), ztsnr: emptyTensor() });
    const library = await openLibrary([models], options);
    const manifest = (changes: object) =>
      writeFileSync(join(folder, 'armature.json'), JSON.stringify({ schema: 1, ...changes }));
    manifest({});
    const steps: (readonly [() => unknown, Partial<Prediction>])[] = [
      [() => null, { ...v, zeroSnr: true, decidedBy: 'marker' }],
      [
        () => writeFileSync(join(folder, 'x.yaml'), 'parameterization: "x0"\nzsnr: no\n'),
        { type: 'sample', zeroSnr: false },
      ],
      [() => manifest({ prediction_type: 'v', zero_snr: false }), { ...v, decidedBy: 'armature.json' }],
      [async () => await setPrediction(library, 'one', { type: 'epsilon' }), { type: 'epsilon', decidedBy: 'user' }],
      [
        async () => await setPrediction(library, 'one', { type: 'v_prediction', zeroSnr: true }),
        { ...v, zeroSnr: true },
      ],
      [async () => await setPrediction(library, 'one', { zeroSnr: false }), { ...v, decidedBy: 'user' }],
      [async () => await setPrediction(library, 'one', null), { ...v, decidedBy: 'armature.json' }],
    ];
    const hashes = new Set<string>();
    for (const [change, expected] of steps) {
      await change();
      await library.list();
      const model = await library.find(findBase, 'one');
      expect(model.prediction).toMatchObject(expected);
      hashes.add(JSON.stringify([model.prediction.type, model.prediction.zeroSnr, model.hash]));
    }
    // A job that was accepted for one prediction is not drawn with another: the hash tells them apart.
    const parts = [...hashes].map((text) => JSON.parse(text) as [string, boolean, string]);
    const kinds = new Map(parts.map(([type, zeroSnr, hash]) => [hash, `${type} ${zeroSnr}`]));
    expect(new Set(kinds.values()).size).toBe(4);
  });

  it('a diffusers folder follows its scheduler_config.json unless it is told otherwise', async () => {
    const found = async () =>
      await (await openLibrary([smallModelPath('models', 'sd21-tiny')], options)).find(findBase, 'sd21-tiny');
    const usual = await found();
    expect(usual.prediction).toMatchObject({ ...v, decidedBy: 'config', source: 'scheduler/scheduler_config.json' });
    const library = await openLibrary([smallModelPath('models', 'sd21-tiny')], options);
    const told = await setPrediction(library, 'sd21-tiny', { type: 'epsilon' });
    expect(told.prediction).toMatchObject({ type: 'epsilon', zeroSnr: false, decidedBy: 'user' });
    expect(told.hash).not.toBe(usual.hash);
    const kept = JSON.parse(readFileSync(options.typesFile, 'utf8')) as unknown;
    expect(kept).toEqual({ schema: 1, bases: [{ id: 'sd21-tiny', prediction_type: 'epsilon' }], controlnets: [] });
    expect((await found()).prediction.type).toBe('epsilon');
  });

  it("a diffusers folder whose config is silent follows the markers of its UNet's file", async () => {
    const folder = join(models, 'sd21-tiny');
    cpSync(smallModelPath('models', 'sd21-tiny'), folder, { recursive: true });
    const scheduler = join(folder, 'scheduler', 'scheduler_config.json');
    const config = JSON.parse(readFileSync(scheduler, 'utf8')) as Record<string, unknown>;
    const found = async () => await (await openLibrary([models], options)).find(findBase, 'sd21-tiny');
    const write = (changes: object): void => writeFileSync(scheduler, JSON.stringify({ ...config, ...changes }));
    write({ prediction_type: undefined });
    expect((await found()).prediction).toMatchObject({ type: 'epsilon', decidedBy: 'config' });
    const file = await openSafetensors(join(folder, 'unet', 'diffusion_pytorch_model.safetensors'));
    const tensors: Tensors = { v_pred: emptyTensor(), ztsnr: emptyTensor() };
    for (const [name, { shape }] of file.tensors) tensors[name] = float32Tensor(shape, await readTensor(file, name));
    writeSafetensors(file.path, tensors);
    const marked = await found();
    expect(marked.prediction).toMatchObject({
      ...v,
      zeroSnr: config['rescale_betas_zero_snr'] !== false,
      decidedBy: 'marker',
    });
    expect(marked.schedule.schedule.predictionType).toBe('v_prediction');
    write({ prediction_type: 'epsilon' });
    expect((await found()).prediction).toMatchObject({ type: 'epsilon', decidedBy: 'config' });
    rmSync(scheduler);
    expect((await found()).prediction).toMatchObject({ ...v, zeroSnr: true, decidedBy: 'marker' });
  });

  it.each([
    ['a pipe', (file: string) => void execFileSync('mkfifo', [file])],
    ['a folder', (file: string) => mkdirSync(file)],
  ])('what was set is not read from %s', async (kind, make) => {
    mkdirSync(join(root, 'data'), { recursive: true });
    make(options.typesFile);
    const fault = {
      code: 'invalid_config',
      message: expect.stringContaining(`armature.json cannot be read: it is ${kind}`),
    };
    await expect(openLibrary([models], options)).rejects.toMatchObject(fault);
  });

  it('keeps nothing for a model that is not there', async () => {
    writeModel({});
    const library = await openLibrary([models], options);
    await expect(setPrediction(library, 'two', { type: 'sample' })).rejects.toMatchObject({ code: 'unknown_model' });
    expect(() => readFileSync(options.typesFile)).toThrow('ENOENT');
  });

  it('rescues a model whose files say what is not known', async () => {
    writeModel({ metadata: { 'modelspec.prediction_type': 'mystery' } });
    const library = await openLibrary([models], options);
    expect((await setPrediction(library, 'one', { type: 'v_prediction' })).prediction).toMatchObject(v);
  });
});

describe('pictures that diffusers draws with the same weights', () => {
  it.each<[string, Written]>([
    ['epsilon', {}],
    ['v', { tensors: { v_pred: emptyTensor() } }],
    ['v-zero-snr', { tensors: { v_pred: emptyTensor(), ztsnr: emptyTensor() } }],
    ['sample', { beside: { '.json': '{"prediction_type": "sample"}' } }],
  ])('%s', async (reference, written) => {
    writeModel(written);
    await expectDrawn(reference, await listed());
  });

  it('v, where only the user says so', async () => {
    writeModel({});
    const library = await openLibrary([models], options);
    await expectDrawn('v', await setPrediction(library, 'one', { type: 'v_prediction' }));
  });
});
