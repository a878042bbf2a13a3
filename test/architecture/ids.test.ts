import { beforeAll, describe, expect, it } from 'vitest';
import { conditionIds } from '../../src/conditions/registry.ts';
import { jobKindIds } from '../../src/generation/kinds/kinds.ts';
import { operators } from '../../src/graph/builder/operators.ts';
import { latentUpscalerIds } from '../../src/generation/upscalers/latent-upscaler.ts';
import { modelKinds } from '../../src/models/kinds/kinds.ts';
import { pixelUpscalerIds } from '../../src/pixels/upscalers/registry.ts';
import { schedulerIds } from '../../src/schedulers/registry.ts';
import { scheduleIds } from '../../src/schedulers/schedules/registry.ts';
import { hole, type Literal, literalsIn, sourceLiterals } from './literals.ts';

const registries = [
  'conditions/registry.ts',
  'schedulers/registry.ts',
  'schedulers/schedules/registry.ts',
  'pixels/upscalers/registry.ts',
  'generation/upscalers/latent-upscaler.ts',
  'schedulers/distillations.ts',
  'generation/kinds/kinds.ts',
  'generation/request/training.ts',
  'generation/kinds/training/trained/trained.ts',
  'training/methods/methods.ts',
  'service/job-runners.ts',
  'generation/models/kinds.ts',
  'models/kinds/kinds.ts',
  'graph/builder/operators.ts',
  'graph/lowering/cpu/cpu.ts',
];

/** Folders whose code writes operators by their names: what is made of them. */
const writers = ['graph/layers/', 'graph/networks/', 'graph/gradient/'];

/** Files that may name an id: the folder of a condition, of a kind of job or of what is trained its own, and the registries all of theirs. */
function isAtHome(id: string, path: string): boolean {
  return (
    (operatorIds.includes(id) && writers.some((folder) => path.startsWith(folder))) ||
    [
      `conditions/${id}/`,
      `generation/kinds/${id}/`,
      `models/kinds/${id}/`,
      `generation/models/${id}.ts`,
      `generation/kinds/training/trained/${id}.ts`,
      `training/methods/${id}/`,
    ].some((home) => path.startsWith(home)) ||
    registries.includes(path)
  );
}

const ids: readonly string[] = [
  ...conditionIds,
  ...schedulerIds,
  ...scheduleIds,
  ...pixelUpscalerIds,
  ...latentUpscalerIds,
  ...jobKindIds,
];

/** Operators that ONNX calls by the same name stand wherever its nodes are written, and cannot be told from these. */
const onnxOwn = ['Add', 'Gelu', 'LeakyRelu', 'QuickGelu', 'Relu', 'Tanh'];

const operatorIds: readonly string[] = Object.keys(operators).filter((name) => !onnxOwn.includes(name));

/** Looked for in texts and patterns alone: as properties they are parts of models (`base`, `lora`) everywhere. */
const textIds: readonly string[] = [...Object.keys(modelKinds), ...operatorIds];

/** `path: id` for each place outside where code could compare, switch on or look up something by an id. */
function places(literals: readonly Literal[]): readonly string[] {
  const found = literals.flatMap(({ path, kind, text }) => {
    const known = kind === 'property' ? ids : [...ids, ...textIds];
    return named(kind, text, known)
      .filter((id) => !isAtHome(id, path))
      .map((id) => `${path}: ${kind === 'part' ? `${text.replaceAll(hole, '*')} as in ` : ''}${id}`);
  });
  return [...new Set(found)].toSorted();
}

function named(kind: Literal['kind'], text: string, known: readonly string[]): readonly string[] {
  if (kind === 'pattern') return known.filter((id) => new RegExp(`\\b${id}\\b`).test(text));
  if (kind !== 'part') return known.filter((id) => id === text);
  // What is known of it must say something.
  if (text.replaceAll(/[^a-z]/gi, '').length < 3) return [];
  const like = new RegExp(`^${text.replaceAll(/[^\w\0]/g, String.raw`\$&`).replaceAll(hole, '.*')}$`);
  return known.filter((id) => like.test(id));
}

interface OrdinaryWord {
  readonly id: string;
  readonly meaning: string;
  readonly paths: readonly string[];
}

/** Ids that are ordinary words: every place where they stand in another meaning. */
const ordinaryWords: readonly OrdinaryWord[] = [
  {
    id: 'embedding',
    meaning: 'what other programs write before the name of one in a prompt',
    paths: ['prompt/foreign-syntax.ts'],
  },
  {
    id: 'mask',
    meaning: 'the picture beside a picture that is white where that one is to be drawn anew, or where a control acts',
    paths: [
      'generation/resolve-image-prompt.ts',
      'server/submissions/keep-pictures.ts',
      'pipeline/shown.ts',
      'device/encode-start.ts',
      'cli/controls/control-bodies.ts',
      'cli/controls/control-options.ts',
      'cli/extract.ts',
      'cli/files/picture-files.ts',
      'cli/files/request-files.ts',
      'cli/generate/generate.ts',
      'drawing/extract-map.ts',
      'drawing/make-region.ts',
      'drawing/read-files.ts',
      'images/see-picture.ts',
      'generation/request/foreign-names.ts',
      'generation/given-picture.ts',
      'generation/kinds/extraction/resolve.ts',
      'generation/kinds/generation/effective-control.ts',
      'generation/kinds/generation/stored-plan.ts',
      'generation/planned-control.ts',
      'generation/planned-init.ts',
      'generation/request/controls.ts',
      'generation/request/pictures.ts',
      'generation/resolve-control.ts',
      'cli/generate/draw.ts',
      'device/prepare-drawing.ts',
      'device/protocol.ts',
      'drawing/make-canvas.ts',
      'images/canvas.ts',
      'drawing/parameters-text.ts',
      'generation/given-pictures.ts',
      'generation/kinds/generation/effective.ts',
      'generation/kinds/generation/kind.ts',
      'generation/resolve-init.ts',
      'generation/resolve.ts',
      'server/submissions/submit.ts',
      'pipeline/blend.ts',
      'pipeline/drawn-over.ts',
      'pipeline/sample.ts',
      'server/routes/form-schemas.ts',
      'server/submissions/flat-form.ts',
      'server/submissions/pictures.ts',
      'server/submissions/shared-pictures.ts',
    ],
  },
  {
    id: 'blur',
    meaning: 'how far the edge of a mask is softened, and that what is drawn anew begins with its blurred surroundings',
    paths: [
      'generation/kinds/generation/effective.ts',
      'images/canvas.ts',
      'drawing/parameters-text.ts',
      'generation/planned-init.ts',
      'generation/request/choices.ts',
      'generation/resolve-mask.ts',
      'pipeline/drawn-over.ts',
    ],
  },
  {
    id: 'inpaint',
    meaning: 'the field of a request that says how a part of a picture is drawn anew',
    paths: [
      'generation/resolve-extend.ts',
      'generation/kinds/generation/effective.ts',
      'generation/request/drawn-over.ts',
      'generation/resolve-mask.ts',
      'generation/resolve-tiling.ts',
    ],
  },
  {
    id: 'heun',
    meaning: 'a kind of second-order step of the DPM solvers, as their options name it',
    paths: [
      'schedulers/config-fields.ts',
      'schedulers/dpm-singlestep-weights.ts',
      'schedulers/dpm-singlestep.ts',
      'schedulers/dpm-solver-weights.ts',
      'schedulers/dpm-solver.ts',
      'schedulers/options.ts',
    ],
  },
  ...['karras', 'exponential', 'beta'].map((id) => ({
    id,
    meaning: 'how a sampler itself places its levels, as the files of diffusers say it',
    paths: ['schedulers/options.ts', 'schedulers/scheduler-config.ts', 'schedulers/sigmas.ts'],
  })),
  {
    id: 'karras',
    meaning: 'the same, where the timesteps of such levels are rounded',
    paths: ['schedulers/multistep-schedule.ts', 'schedulers/two-stage-family.ts'],
  },
  {
    id: 'nearest',
    meaning: 'that a cell, a pixel or a number is that of the nearest',
    paths: [
      'server/dialects/mount.ts',
      'device/encode-start.ts',
      'graph/ir/operators/resampling.ts',
      'images/resize.ts',
      'numeric/interpolate-planes.ts',
      'pixels/latent-mask.ts',
      'weights/configs/taesd-config.ts',
    ],
  },
  {
    id: 'bicubic',
    meaning: "torch's name of how planes of numbers are brought to another size",
    paths: ['numeric/interpolate-planes.ts', 'pipeline/latent-colours.ts'],
  },
  { id: 'deis', meaning: 'a value of algorithm_type in files of models', paths: ['schedulers/config-fields.ts'] },
  {
    id: 'depth',
    meaning: 'levels of nested JSON',
    paths: [
      'models/manifest/manifest.ts',
      'weights/safetensors/header.ts',
      'weights/safetensors/weight-files.ts',
      'json/outline.ts',
    ],
  },
  {
    id: 'depth',
    meaning: 'jobs that wait in the queue',
    paths: ['records/scheduling/scheduling.ts', 'records/scheduling/turns.ts', 'server/load/queue-gauge.ts'],
  },
  {
    id: 'invert',
    meaning: 'an option that turns black and white round',
    paths: [
      'conditions/depth/depth.ts',
      'conditions/depth/options.ts',
      'conditions/mask/mask.ts',
      'conditions/mask/options.ts',
    ],
  },
  { id: 'invert', meaning: 'a field of tokenizer.json', paths: ['pipeline/tokenizer/tokenizer-json.ts'] },
  {
    id: 'threshold',
    meaning: 'a level from which something counts',
    paths: [
      'conditions/lineart/standard.ts',
      'conditions/lineart/xdog.ts',
      'conditions/lineart/lineart.ts',
      'conditions/lineart/options.ts',
      'conditions/scribble/drawing.ts',
    ],
  },
  {
    id: 'generation',
    meaning: 'the plan of a drawing, as it is made',
    paths: ['generation/plan.ts', 'generation/resolve.ts'],
  },
  {
    id: 'generation',
    meaning: 'the field of a picture that names the job that made it',
    paths: [
      'generation/request/foreign-names.ts',
      'generation/matrix.ts',
      'generation/request/pictures.ts',
      'server/submissions/job-pictures.ts',
      'server/submissions/pictures.ts',
      'server/submissions/shared-pictures.ts',
    ],
  },
  {
    id: 'generation',
    meaning: 'the names of the fields of a request',
    paths: ['generation/request/generation.ts', 'generation/parse.ts', 'server/submissions/flat-form.ts'],
  },
  {
    id: 'extraction',
    meaning: 'the names of the fields of a request',
    paths: ['generation/parse.ts', 'server/submissions/flat-form.ts'],
  },
  {
    id: 'upscale',
    meaning: 'the names of the fields of a request',
    paths: ['generation/parse.ts', 'server/submissions/flat-form.ts'],
  },
  { id: 'upscale', meaning: 'the name of a command', paths: ['cli/run.ts'] },
  { id: 'base', meaning: 'a class of things in pictures', paths: ['conditions/seg/ade20k.ts'] },
  { id: 'base', meaning: 'a field of a pass', paths: ['device/prepare-drawing.ts'] },
  { id: 'base', meaning: 'a folder of the embedded database', paths: ['records/database/embedded-damage.ts'] },
  { id: 'base', meaning: 'networks that are in a file', paths: ['weights/layouts/single-file.ts'] },
  {
    id: 'controlnet',
    meaning: 'networks that are in a file, and folders that are named after them',
    paths: ['models/names/model-id.ts', 'models/pull/choose-files.ts', 'weights/layouts/single-file.ts'],
  },
  ...['vae', 'taesd'].map((id) => ({
    id,
    meaning: 'what makes pictures of latents, as the field `decoder` names it',
    paths: [
      'generation/kinds/generation/effective.ts',
      'generation/request/choices.ts',
      'generation/resolve-autoencoder.ts',
    ],
  })),
  {
    id: 'vae',
    meaning: 'the field of a request, of armature.json and of an installation that names an autoencoder',
    paths: ['generation/request/autoencoder.ts', 'generation/request/foreign-names.ts', 'models/tell.ts'],
  },
  {
    id: 'vae',
    meaning: 'the autoencoder of a base model, its folder, and what settings say of it',
    paths: [
      'models/pull/choose-files.ts',
      'weights/complete.ts',
      'weights/configs/sidecar.ts',
      'weights/layouts/diffusers-folder.ts',
      'weights/layouts/single-file.ts',
      'weights/layouts/vae.ts',
    ],
  },
  { id: 'lora', meaning: 'a tag in prompts', paths: ['prompt/foreign-syntax.ts', 'prompt/lora-tags.ts'] },
  {
    id: 'lora',
    meaning: 'a part of the names of tensors',
    paths: ['weights/layouts/other-kinds.ts', 'weights/lora/tensor-names.ts'],
  },
  {
    id: 'adapter',
    meaning: 'a part of the names of tensors',
    paths: [
      'weights/configs/infer-t2i-adapter.ts',
      'weights/key-maps/t2i-adapter.ts',
      'weights/layouts/other-kinds.ts',
    ],
  },
  ...['adapter', 'annotator', 'controlnet', 'lora'].map((id) => ({
    id,
    meaning: 'a field of a request, as other programs call it',
    paths: ['generation/request/foreign-names.ts'],
  })),
  { id: 'tile', meaning: 'a part of a picture that a network sees at once', paths: ['device/upscaling.ts'] },
  { id: 'normal', meaning: 'the distribution', paths: ['numeric/brownian-path.ts'] },
  { id: 'Replace', meaning: 'a value of type in tokenizer.json', paths: ['pipeline/tokenizer/tokenizer-json.ts'] },
  { id: 'generation', meaning: 'a folder of src', paths: ['models/build-stamp.ts'] },
  { id: 'generation', meaning: 'the name of the queue of all jobs', paths: ['queue/open.ts'] },
];

/** Each names one id. */
const whole = [
  `export const a = (type: string) => type === 'canny';`,
  `export const a = (type: string) => { switch (type) { case "euler_a": return 1; } };`,
  'export const a = new Set([`openpose`]);',
  `export const a = { softedge: 1 };`,
  `export const a = (b: any) => b.unipc;`,
  `export const a = (b: any) => b['seg'];`,
  `export interface A { readonly mlsd: number }`,
  `export const a = (type: string) => type === 'dpmpp' + '_2m';`,
  `export const a = (type: string) => /^shuffle/.test(type);`,
  `export const a = (job: any) => job.plan.kind === 'extraction';`,
  `export const a = { generation: 1 };`,
  `export const a = (schedule: string) => schedule === 'sgm_uniform';`,
  `export const a = { kl_optimal: 1 };`,
  `export const a = (upscaler: string) => upscaler === 'lanczos';`,
  `export const a = (upscaler: string) => upscaler === 'latent_bicubic';`,
  `export const a = (id: string) => /^latent_nearest$/.test(id);`,
  `export const a = (model: any) => model.kind === 'lora';`,
  `export const a = (kind: string) => { switch (kind) { case 'controlnet': return 1; } };`,
  `export const a = new Set(['annotator']);`,
  `export const a = (operation: any) => operation.name === 'GroupNorm';`,
  "export const a = (type: string) => type === `${'can'}ny`;",
  `const b = 'open'; export const a = (type: string) => type === b + 'pose';`,
  `export const a = (type: string) => type === ['dpmpp', '2m'].join('_');`,
  `export const a = (type: string) => type === 'mls'.concat('d');`,
  'export const a = (type: string) => type === `dpmpp_${2}m`;',
  `export class A { softedge() {} }`,
  `export class A { readonly softedge = 1; }`,
  `export class A { get softedge() { return 1; } }`,
  `export interface A { softedge(): void }`,
  `export enum A { openpose }`,
  `export const a = ({ openpose }: any) => openpose;`,
  `export const a = ({ openpose: b }: any) => b;`,
];

/** Each puts an id together, or asks for a part of one. */
const inPart = [
  `export const a = (type: string) => type.startsWith('scrib');`,
  `export const a = (id: string) => id.endsWith('_karras');`,
  `export const a = (id: string) => id.includes('pp_3m');`,
  'export const a = (order: number) => `dpmpp_${order}m`;',
  `export const a = (id: string) => id + '_karras';`,
  `export const a = (type: string) => type.split('pose').length;`,
];

describe('ids of conditions, samplers, schedules, upscalers, operators, and kinds of jobs and models', () => {
  it('are named by their own folders and registries alone', () => {
    const expected = ordinaryWords.flatMap(({ id, paths }) => paths.map((path) => `${path}: ${id}`));
    // A schema of the description that is taken as an input has a name that ends so.
    const parts = ['server/plugins/openapi-components.ts: *Input as in ConvolutionInput'];
    expect(places(sourceLiterals())).toEqual([...expected, ...parts].toSorted());
  }, 60_000);

  const found = new Map<string, readonly string[]>();
  beforeAll(() => {
    const texts = [...whole, ...inPart];
    for (const [index, literals] of literalsIn(texts).entries()) found.set(texts[index]!, places(literals));
  });

  it.each(whole)('would be found: %s', (text) => {
    expect(found.get(text)).toHaveLength(1);
  });

  it.each(inPart)('would be found, put together or asked for in part: %s', (text) => {
    expect(found.get(text)!.length).toBeGreaterThan(0);
  });
});
