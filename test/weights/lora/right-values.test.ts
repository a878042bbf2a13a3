import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, type NetworkPart } from '../../../src/graph/compiler/index.ts';
import { Graph } from '../../../src/graph/builder/graph.ts';
import { TorchGenerator } from '../../../src/numeric/torch-generator.ts';
import { folderOf, sameNames, weightsOf } from '../../../src/weights/layouts/weights.ts';
import { openLoraFile } from '../../../src/weights/lora/lora-file.ts';
import { type LoraTarget, matchLora } from '../../../src/weights/lora/match-lora.ts';
import { mergedPart } from '../../../src/weights/lora/merged-part.ts';
import { openSafetensors } from '../../../src/weights/safetensors/safetensors.ts';
import { runOnce } from '../../graph/golden-model.ts';
import { float32Tensor, type WrittenTensor, writeSafetensors } from '../write-safetensors.ts';

// What a merged weight is, worked out a second time: in double precision, with loops and an inverse by elimination.

const folder = mkdtempSync(join(tmpdir(), 'armature-lora-values-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Matrix = readonly (readonly number[])[];
type Tensors = Readonly<Record<string, WrittenTensor>>;

const shapes = {
  'block.proj.weight': [6, 4],
  'block.other.weight': [6, 4],
  'block.norm.weight': [6],
  'block.norm.bias': [6],
  'block.conv.weight': [6, 2, 3, 3],
  'block.conv.bias': [6],
  'conv_in.weight': [6, 9, 3, 3],
  'text_projection.weight': [6, 4],
} as const;
type Name = keyof typeof shapes;

const random = new TorchGenerator(11);
/** Values that a float32 holds. */
function draw(count: number, times = 1): readonly number[] {
  return [...random.randn([count])].map((value) => Math.fround(value * times));
}

const base = new Map<string, readonly number[]>();
let part: NetworkPart<null>;
beforeAll(async () => {
  for (const [name, shape] of Object.entries(shapes)) base.set(name, draw(countOf(shape)));
  const path = join(folder, 'base.safetensors');
  writeSafetensors(
    path,
    Object.fromEntries([...base].map(([name, values]) => [name, float32Tensor(shapes[name as Name], values)])),
  );
  const files = [await openSafetensors(path)];
  part = { config: null, weights: weightsOf(files, sameNames), weightsFolder: folderOf(files) };
});

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

interface Written {
  readonly metadata?: Readonly<Record<string, string>>;
  /** What adapter_config.json beside the file says. */
  readonly config?: object;
}

/** The weight `name` with a LoRA of these tensors merged into it. */
async function merged(
  name: Name,
  tensors: Tensors,
  scale: number,
  { metadata, config }: Written = {},
  target: LoraTarget = 'unet',
): Promise<readonly number[]> {
  const place = mkdtempSync(join(folder, 'lora-'));
  const path = join(place, config === undefined ? 'lora.safetensors' : 'adapter_model.safetensors');
  writeSafetensors(path, tensors, metadata);
  if (config !== undefined) writeFileSync(join(place, 'adapter_config.json'), JSON.stringify(config));
  const lora = await openLoraFile(path);
  const { deltas, unmatched } = await matchLora(lora, { [target]: part.weights }, 'the model');
  expect(unmatched).toEqual([]);
  const whole = mergedPart(part, [{ folder: lora.file.folder, deltas: deltas[target], scale }]);
  const graph = new Graph('test', whole);
  const zero = graph.float(new Float32Array(1), [1]);
  graph.output('w', graph.op('Add', [graph.weight(name, shapes[name]), zero]), shapes[name]);
  const { w } = await runOnce(compile(graph), {});
  return [...w!.data];
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  const apart = Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)));
  expect(apart / largest).toBeLessThan(2e-6);
}

function rowsOf(values: readonly number[], rows: number): Matrix {
  const columns = values.length / rows;
  return Array.from({ length: rows }, (_, row) => values.slice(row * columns, (row + 1) * columns));
}

function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => b[0]!.map((_, column) => row.reduce((sum, value, i) => sum + value * b[i]![column]!, 0)));
}

function transposed(a: Matrix): Matrix {
  return a[0]!.map((_, column) => a.map((row) => row[column]!));
}

function inverse(a: Matrix): Matrix {
  const size = a.length;
  const work = a.map((row, i) => [...row, ...row.map((_, column) => Number(column === i))]);
  for (let i = 0; i < size; i++) {
    const pivot = work.reduce(
      (best, row, at) => (at >= i && Math.abs(row[i]!) > Math.abs(work[best]![i]!) ? at : best),
      i,
    );
    [work[i], work[pivot]] = [work[pivot]!, work[i]!];
    const by = work[i]![i]!;
    work[i] = work[i]!.map((value) => value / by);
    for (let row = 0; row < size; row++) {
      if (row === i) continue;
      const times = work[row]![i]!;
      work[row] = work[row]!.map((value, column) => value - times * work[i]![column]!);
    }
  }
  return work.map((row) => row.slice(size));
}

const sum = (a: readonly number[], b: readonly number[], times: number): readonly number[] =>
  a.map((value, i) => value + times * b[i]!);

describe('OFT', () => {
  const [blocks, size] = [2, 3];

  /** W + s (R^T W - W), block by block; `limit` is Infinity where there is none. */
  function turned(
    weight: readonly number[],
    generators: readonly number[],
    limit: number,
    scale: number,
    rescale?: readonly number[],
  ) {
    const all = Array.from({ length: blocks }, (_, block) => {
      const b = rowsOf(generators.slice(block * size * size, (block + 1) * size * size), size);
      return b.map((row, i) => row.map((value, j) => value - b[j]![i]!));
    });
    const norm = Math.hypot(...all.flat(2));
    const cut = Math.min(1, limit / norm);
    const rows = rowsOf(weight, 6);
    const whole = all.flatMap((q, block) => {
      const plus = q.map((row, i) => row.map((value, j) => Number(i === j) + cut * value));
      const minus = q.map((row, i) => row.map((value, j) => Number(i === j) - cut * value));
      return product(transposed(product(plus, inverse(minus))), rows.slice(block * size, (block + 1) * size));
    });
    const factors = rescale ?? Array.from({ length: 6 }, () => 1);
    return rows.flatMap((row, i) => row.map((value, j) => value + scale * (factors[i]! * whole[i]![j]! - value)));
  }

  it.each<[string, string, number | null, number, number, number]>([
    ['of LyCORIS', 'lora_unet_block_proj.oft_blocks', 0, Infinity, 0.3, 1],
    ['without an alpha', 'lora_unet_block_proj.oft_blocks', null, Infinity, 0.3, 0.5],
    ['whose norm is cut to alpha', 'lora_unet_block_proj.oft_blocks', 0.25, 0.25, 0.3, 1],
    ['whose alpha is above the norm', 'lora_unet_block_proj.oft_blocks', 90, 90, 0.3, -0.5],
    ['of kohya, whose limit counts for each output', 'oft_unet_block_proj.oft_blocks', 0.05, 0.3, 0.3, 0.7],
    ['with the older name', 'oft_unet_block_proj.oft_diag', 0, Infinity, 0.3, 1],
    ['with large generators', 'lora_unet_block_proj.oft_blocks', 0, Infinity, 6, 1],
    ['with generators of almost nothing', 'lora_unet_block_proj.oft_blocks', 1e-3, 1e-3, 1e-6, 1],
  ])('%s', async (_, tensor, alpha, limit, times, scale) => {
    const generators = draw(blocks * size * size, times);
    const actual = await merged(
      'block.proj.weight',
      {
        [tensor]: float32Tensor([blocks, size, size], generators),
        ...(alpha === null ? {} : { [tensor.replace(/\.\w+$/, '.alpha')]: float32Tensor([], [alpha]) }),
      },
      scale,
    );
    expectClose(actual, turned(base.get('block.proj.weight')!, generators, limit, scale));
  });

  it('with a factor for each output, on a convolution', async () => {
    const [generators, rescale] = [draw(blocks * size * size, 0.4), draw(6)];
    const tensors = {
      'lora_unet_block_conv.oft_blocks': float32Tensor([blocks, size, size], generators),
      'lora_unet_block_conv.rescale': float32Tensor([6, 1, 1, 1], rescale),
    };
    const actual = await merged('block.conv.weight', tensors, 0.8);
    expectClose(actual, turned(base.get('block.conv.weight')!, generators, Infinity, 0.8, rescale));
  });
});

describe('whole differences', () => {
  it.each<[string, Name, string, number]>([
    ['of a matrix', 'block.proj.weight', 'lora_unet_block_proj.diff', 0.5],
    ['of a convolution', 'block.conv.weight', 'lora_unet_block_conv.diff', -1.5],
    ['of the scales of a norm', 'block.norm.weight', 'lora_unet_block_norm.w_norm', 0.7],
    ['of the offsets of a norm', 'block.norm.bias', 'lora_unet_block_norm.b_norm', 0.7],
    ['of the scales of a norm, as another difference', 'block.norm.weight', 'lora_unet_block_norm.diff', 2],
  ])('%s are added, and alpha says nothing', async (_, name, tensor, scale) => {
    const values = draw(countOf(shapes[name]));
    const alpha = { [tensor.replace(/\.\w+$/, '.alpha')]: float32Tensor([], [3]) };
    const actual = await merged(name, { [tensor]: float32Tensor(shapes[name], values), ...alpha }, scale);
    expectClose(actual, sum(base.get(name)!, values, scale));
  });

  it('of a bias beside those of its weight', async () => {
    const [weight, bias] = [draw(108), draw(6)];
    const tensors = {
      'lora_unet_block_conv.diff': float32Tensor([6, 2, 3, 3], weight),
      'lora_unet_block_conv.diff_b': float32Tensor([6], bias),
    };
    expectClose(await merged('block.conv.bias', tensors, 0.4), sum(base.get('block.conv.bias')!, bias, 0.4));
    expectClose(await merged('block.conv.weight', tensors, 0.4), sum(base.get('block.conv.weight')!, weight, 0.4));
  });
});

describe('the first convolution of a model with more input channels', () => {
  /** A delta [6, 4, 3, 3] over the first of 9 channels. */
  const padded = (delta: readonly number[]): readonly number[] =>
    rowsOf(delta, 6).flatMap((row) => [...row, ...Array.from({ length: 5 * 9 }, () => 0)]);
  const zeros = (rows: readonly number[]) => rowsOf(rows, 6).map((row) => row.slice(4 * 9));

  it('has the delta of a LoRA in the first four, and keeps the others', async () => {
    const [up, down] = [draw(6 * 2), draw(2 * 36)];
    const tensors = {
      'lora_unet_conv_in.lora_up.weight': float32Tensor([6, 2, 1, 1], up),
      'lora_unet_conv_in.lora_down.weight': float32Tensor([2, 4, 3, 3], down),
      'lora_unet_conv_in.alpha': float32Tensor([], [1]),
    };
    const own = base.get('conv_in.weight')!;
    const actual = await merged('conv_in.weight', tensors, 0.6);
    expectClose(actual, sum(own, padded(product(rowsOf(up, 6), rowsOf(down, 2)).flat()), 0.3));
    expect(zeros(actual)).toEqual(zeros(own));
  });

  it('has a whole difference there too', async () => {
    const diff = draw(6 * 36);
    const actual = await merged('conv_in.weight', { 'lora_unet_conv_in.diff': float32Tensor([6, 4, 3, 3], diff) }, 2);
    expectClose(actual, sum(base.get('conv_in.weight')!, padded(diff), 2));
  });

  it('takes no delta with more channels than it has, and no other layer takes fewer', async () => {
    const wide = { 'lora_unet_conv_in.diff': float32Tensor([6, 10, 3, 3], draw(540)) };
    await expect(merged('conv_in.weight', wide, 1)).rejects.toMatchObject({ code: 'incompatible_lora' });
    const narrow = { 'lora_unet_block_conv.diff': float32Tensor([6, 1, 3, 3], draw(54)) };
    await expect(merged('block.conv.weight', narrow, 1)).rejects.toMatchObject({ code: 'incompatible_lora' });
  });
});

describe('the scale of a low-rank product', () => {
  /** By what up x down was multiplied on its way into the weight. */
  async function factorOf(
    rank: number,
    alpha: number | null,
    written: Written = {},
    module = 'unet.block.proj',
  ): Promise<number> {
    const [up, down] = [draw(6 * rank), draw(rank * 4)];
    const layer = module.replace(/^unet\./, '');
    const name = `${layer}.weight` as Name;
    const tensors = {
      [`${module}.lora_A.weight`]: float32Tensor([rank, 4], down),
      [`${module}.lora_B.weight`]: float32Tensor([6, rank], up),
      ...(alpha === null ? {} : { [`${module}.alpha`]: float32Tensor([], [alpha]) }),
    };
    const actual = await merged(name, tensors, 1, written);
    const own = base.get(name)!;
    const whole = product(rowsOf(up, 6), rowsOf(down, rank)).flat();
    const largest = whole.reduce((best, value, i) => (Math.abs(value) > Math.abs(whole[best]!) ? i : best), 0);
    const factor = (actual[largest]! - own[largest]!) / whole[largest]!;
    expectClose(actual, sum(own, whole, factor));
    return factor;
  }

  const inHeader = (settings: object): Written => ({ metadata: { lora_adapter_metadata: JSON.stringify(settings) } });
  const stabilised = { ss_network_args: '{"algo": "lora", "rs_lora": "True"}' };

  it.each<[string, number, number | null, Written, number]>([
    ['is alpha / rank', 4, 2, {}, 0.5],
    ['is 1 without an alpha', 3, null, {}, 1],
    ['is 0 where the file holds a 0', 2, 0, {}, 0],
    ['is alpha / sqrt(rank) where the metadata say rs_lora', 4, 3, { metadata: stabilised }, 1.5],
    ['is not where they say that it is none', 4, 3, { metadata: { ss_network_args: '{"rs_lora": "False"}' } }, 0.75],
    [
      'is not where they are damaged and have no word of it',
      4,
      3,
      { metadata: { ss_network_args: '{"algo": ' } },
      0.75,
    ],
    ['is that of adapter_config.json', 4, null, { config: { peft_type: 'LORA', r: 4, lora_alpha: 8 } }, 2],
    ['is rank-stabilised there', 4, null, { config: { peft_type: 'LORA', lora_alpha: 8, use_rslora: true } }, 4],
    [
      'is of the rank that the factors have, whatever a config says',
      2,
      null,
      { config: { peft_type: 'LORA', r: 16, lora_alpha: 8 } },
      4,
    ],
    ['is that of the header', 4, null, inHeader({ 'unet.lora_alpha': 6, 'text_encoder.lora_alpha': 100 }), 1.5],
    ['is rank-stabilised in the header', 4, null, inHeader({ 'unet.lora_alpha': 6, 'unet.use_rslora': true }), 3],
    ['is the alpha of the file before that of the header', 4, 2, inHeader({ 'unet.lora_alpha': 6 }), 0.5],
    [
      'is that of the header before that of adapter_config.json',
      4,
      null,
      { ...inHeader({ 'unet.lora_alpha': 6 }), config: { peft_type: 'LORA', lora_alpha: 8 } },
      1.5,
    ],
    ['takes no config that is not of peft', 4, null, { config: { lora_alpha: 8 } }, 1],
    [
      'is that of a pattern that ends the name of the layer',
      4,
      null,
      { config: { peft_type: 'LORA', lora_alpha: 8, alpha_pattern: { other: 1, 'block.proj': 12, proj: 40 } } },
      3,
    ],
    [
      'takes a pattern whole, at a dot',
      4,
      null,
      { config: { peft_type: 'LORA', lora_alpha: 8, alpha_pattern: { roj: 12, '^block\\.proj$': 16 } } },
      4,
    ],
  ])('%s', async (_, rank, alpha, written, factor) => {
    expect(await factorOf(rank, alpha, written)).toBeCloseTo(factor, 5);
  });

  it.each([
    [null, 1],
    [2, 0.5],
  ])('of the projection of the second text encoder is as of any layer: alpha %o', async (alpha, factor) => {
    const [up, down] = [draw(6 * 4), draw(4 * 4)];
    const module = 'lora_te2_text_projection';
    const tensors = {
      [`${module}.lora_down.weight`]: float32Tensor([4, 4], down),
      [`${module}.lora_up.weight`]: float32Tensor([6, 4], up),
      ...(alpha === null ? {} : { [`${module}.alpha`]: float32Tensor([], [alpha]) }),
    };
    const whole = product(rowsOf(up, 6), rowsOf(down, 4)).flat();
    const name = 'text_projection.weight';
    expectClose(await merged(name, tensors, 0.5, {}, 'text_2'), sum(base.get(name)!, whole, 0.5 * factor));
  });

  it.each<[string, Written, RegExp]>([
    [
      'a word on rs_lora that is damaged',
      { metadata: { ss_network_args: '{"rs_lora": ' } },
      /ss_network_args .*does not parse/,
    ],
    [
      'settings in the header that are damaged',
      { metadata: { lora_adapter_metadata: '{"unet.r": 4' } },
      /does not parse/,
    ],
    ['an alpha in the header that is no number', inHeader({ 'unet.lora_alpha': '16' }), /unet\.lora_alpha .*"16"/],
    ['an alpha that is no number', { config: { peft_type: 'LORA', lora_alpha: [8] } }, /lora_alpha .*\[8\]/],
    [
      'an alpha of a layer that is no number',
      { config: { peft_type: 'LORA', alpha_pattern: { 'block.proj': 'a' } } },
      /block\.proj .*"a"/,
    ],
    [
      'a pattern that is no name',
      { config: { peft_type: 'LORA', alpha_pattern: { 'block.(proj|other)': 4 } } },
      /block\.\(proj\|other\)/,
    ],
    [
      'a base that PiSSA changed',
      { config: { peft_type: 'LORA', lora_alpha: 8, init_lora_weights: 'pissa_niter_4' } },
      /pissa_niter_4.*path_initial_model_for_weight_conversion/,
    ],
    ['a base that OLoRA changed', inHeader({ 'unet.init_lora_weights': 'olora' }), /"olora"/],
    [
      'one alpha twice',
      { metadata: { lora_adapter_metadata: '{"unet.lora_alpha": 4, "unet.lora_alpha": 8}' } },
      /unet\.lora_alpha.* twice/,
    ],
  ])('is not guessed against %s', async (_, written, message) => {
    await expect(factorOf(4, null, written)).rejects.toThrow(message);
  });

  it('is read where a LoRA began in a way that leaves the base as it is', async () => {
    for (const init of [true, 'gaussian', 'orthogonal']) {
      const config = { peft_type: 'LORA', lora_alpha: 8, init_lora_weights: init };
      expect(await factorOf(4, null, { config }, 'unet.block.proj')).toBeCloseTo(2, 5);
    }
  });

  it('is refused as no number', async () => {
    await expect(factorOf(4, Number.NaN, {})).rejects.toThrow(/alpha .*NaN/);
    const several = { 'block.proj.alpha': float32Tensor([2], [1, 2]) };
    await expect(merged('block.proj.weight', several, 1, {})).rejects.toThrow(/one number .*\[2\]/);
  });

  it('is that of each layer by itself', async () => {
    const config = { peft_type: 'LORA', lora_alpha: 8, rank_pattern: { other: 2 }, alpha_pattern: { other: 3 } };
    expect(await factorOf(4, null, { config }, 'unet.block.proj')).toBeCloseTo(2, 5);
    expect(await factorOf(2, null, { config }, 'unet.block.other')).toBeCloseTo(1.5, 5);
  });
});
