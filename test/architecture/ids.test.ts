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
import { ordinaryWords } from './ordinary-words.ts';

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
