import { existsSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { branchFeeds, joinAdapters } from '../../../src/device/branch-feeds.ts';
import {
  type BranchSet,
  branchSets,
  branchSetOf,
  branchShapes,
  compile,
  type Graph,
  injectionPoints,
  networks,
} from '../../../src/graph/compiler/index.ts';
import { row, type Tensor } from '../../../src/numeric/tensor.ts';
import { createSession, type Feeds, type NetworkSession } from '../../../src/runtime/index.ts';
import { type BaseCheckpoint, openBaseCheckpoint } from '../../../src/weights/checkpoint.ts';
import { openLoraFile } from '../../../src/weights/lora/lora-file.ts';
import { loraTargetOf, loraTargets } from '../../../src/weights/lora/lora-targets.ts';
import { type LayerFactors, readLowRankFactors } from '../../../src/weights/lora/low-rank-factors.ts';
import { type LoraTarget, type MatchedLora, matchLora } from '../../../src/weights/lora/match-lora.ts';
import { sourceOf } from '../../graph/golden-formats.ts';
import { runOnce } from '../../graph/golden-model.ts';
import { describeGolden } from '../../support/describe-golden.ts';
import {
  floats,
  type GoldenArray,
  goldenArrays,
  goldenJson,
  goldenPath,
  maxAbsDifference,
} from '../../support/golden.ts';

// The same LoRAs as in golden.test.ts, beside the layers instead of in them: the reference's numbers, within its tolerance.

const tolerance = 1e-4;

interface Adapter {
  readonly matched: MatchedLora;
  readonly factors: Readonly<Record<LoraTarget, LayerFactors>>;
}

type Used = readonly [adapter: Adapter, scale: number];

async function open(path: string, base: BaseCheckpoint): Promise<Adapter | null> {
  const lora = await openLoraFile(path);
  const targets = loraTargets(base);
  const matched = await matchLora(lora, targets, 'the model');
  if (!matched.lowRank) return null;
  const read = async (target: LoraTarget): Promise<LayerFactors> =>
    await readLowRankFactors(lora.file.folder, matched.deltas[target], targets[target] ?? new Map());
  return { matched, factors: { unet: await read('unet'), text: await read('text'), text_2: await read('text_2') } };
}

type Golden = ReadonlyMap<string, GoldenArray>;

function tensor(references: Golden, name: string): Tensor {
  const { dims, data } = references.get(name)!;
  return { dims, data: Float32Array.from(data as ArrayLike<number>) };
}

function unetFeeds({ unet }: BaseCheckpoint, references: Golden): Record<string, Tensor> {
  const prefix = unet.config.added === null ? '' : 'xl/';
  const names = ['sample', 'encoder_hidden_states', ...(prefix === '' ? [] : ['text_embeds', 'time_ids'])];
  const none: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };
  const rows = tensor(references, `${prefix}sample`).dims[0]!;
  const [timestep, last = timestep] = tensor(references, 'timestep').data;
  return {
    ...Object.fromEntries(names.map((name) => [name, tensor(references, `${prefix}${name}`)])),
    ...Object.fromEntries(injectionPoints(unet.config).map((_, index) => [`residual.${index}`, none])),
    timestep: {
      dims: [rows],
      data: Float32Array.from({ length: rows }, (__, index) => (index === 0 ? timestep : last)!),
    },
  };
}

/** A network with branches that is loaded once for all tests. */
interface Loaded {
  readonly shapes: ReturnType<typeof branchShapes>;
  readonly session: NetworkSession;
}

const loaded = new Map<string, Promise<Loaded>>();
afterAll(async () => {
  for (const one of loaded.values()) await (await one).session.release();
});

async function networkOf(key: string, build: () => Graph): Promise<Loaded> {
  const load = async (): Promise<Loaded> => {
    const graph = build();
    const session = await createSession(compile(graph), { provider: 'cpu', deviceId: 0, threads: 1 });
    return { shapes: branchShapes(graph), session };
  };
  const one = loaded.get(key) ?? load();
  loaded.set(key, one);
  return await one;
}

/** The answer of a UNet with branches beside the layers of a set; scales[row][i] are of the i-th adapter on that row. */
async function runUNet(
  { unet }: BaseCheckpoint,
  set: BranchSet,
  adapters: readonly Adapter[],
  feeds: Feeds,
  scales: readonly (readonly number[])[],
): Promise<Float32Array> {
  const build = (): Graph => networks.unet(unet, { branches: set });
  const { shapes, session } = await networkOf(`${unet.weightsFolder} ${set}`, build);
  const joined = joinAdapters(adapters.map(({ factors }) => factors.unet));
  const { out } = await session.run({ ...feeds, ...branchFeeds(shapes, joined, scales) });
  return out!.data;
}

async function compare(base: BaseCheckpoint, references: Golden, name: string, used: readonly Used[]): Promise<void> {
  const adapters = used.map(([adapter]) => adapter);
  const scales = used.map(([, scale]) => scale);
  const layers = adapters.flatMap(({ factors }) => [...factors.unet.keys()]);
  if (references.has(`unet/${name}`)) {
    const feeds = unetFeeds(base, references);
    const rows = Array.from({ length: feeds['sample']!.dims[0]! }, () => scales);
    const data = await runUNet(base, branchSetOf(layers), adapters, feeds, rows);
    expect(maxAbsDifference(data, floats(references, `unet/${name}`))).toBeLessThanOrEqual(tolerance);
  }
  for (const [index, part] of base.textEncoders.entries()) {
    const te = index === 0 ? 'te' : 'te2';
    if (!references.has(`${te}/${name}`)) continue;
    const target = loraTargetOf[part.name];
    if (adapters.every(({ factors }) => factors[target].size === 0)) continue;
    const build = (): Graph => networks.textEncoder(part, { branches: true });
    const { shapes, session } = await networkOf(part.weightsFolder, build);
    const { dims, data } = tensor(references, 'input_ids');
    const joined = joinAdapters(adapters.map(({ factors }) => factors[target]));
    const rows = Array.from({ length: dims[0]! }, () => scales);
    const { context, embeds } = await session.run({
      input_ids: { dims, data: Int32Array.from(data) },
      ...branchFeeds(shapes, joined, rows),
    });
    expect(maxAbsDifference(context!.data, floats(references, `${te}/${name}`))).toBeLessThanOrEqual(tolerance);
    if (!references.has(`${te}/${name}/text_embeds`)) continue;
    const expected = floats(references, `${te}/${name}/text_embeds`);
    expect(maxAbsDifference(embeds!.data, expected)).toBeLessThanOrEqual(tolerance);
  }
}

const bases = new Map<string, Promise<BaseCheckpoint>>();
async function baseOf(model: string): Promise<BaseCheckpoint> {
  const base = bases.get(model) ?? openBaseCheckpoint(goldenPath('models', model));
  bases.set(model, base);
  return await base;
}

interface Index {
  readonly files: Readonly<Record<string, { readonly model: string }>>;
  readonly aliases: Readonly<Record<string, readonly string[]>>;
}

const isThere = existsSync(goldenPath('adapters', 'lora', 'lora.json'));

describe.skipIf(!isThere)('adapters/lora as branches', () => {
  if (!isThere) return;
  const { files, aliases } = goldenJson<Index>('adapters', 'lora', 'lora.json');
  const references = goldenArrays('adapters', 'lora', 'golden.safetensors');
  const pathOf = (file: string): string => goldenPath('adapters', 'lora', `${file}.safetensors`);

  test('those that are products of low rank and nothing else', async () => {
    const low: string[] = [];
    for (const [name, { model }] of Object.entries(files)) {
      const [file = name] = (aliases[name] ?? [name]).map((alias) => alias.split(' ')[0]!);
      const adapter = await open(pathOf(file), await baseOf(model));
      if (adapter === null) continue;
      low.push(name);
      for (const scale of [0.5, 1]) {
        await compare(await baseOf(model), references, `${name}/${scale.toFixed(1)}`, [[adapter, scale]]);
      }
    }
    expect(low).toEqual(expect.arrayContaining(['names', 'lora-peft-sdxl']));
    for (const name of ['lora-loha', 'lora-lokr', 'lora-ia3', 'lora-dora', 'lora-dora-peft', 'lora-locon-mid'])
      expect(low).not.toContain(name);
  });
});

describe('LoRAs of formats/ as branches', async () => {
  const references = goldenArrays('formats', 'golden.safetensors');
  const cases = [...references.keys()].flatMap((name) => {
    const [network, file = '', scale] = name.split('/');
    return network === 'unet' && scale !== undefined ? [[file, scale] as const] : [];
  });
  if (cases.length === 0) test.skip('this set has none', () => {});
  test.each(cases)('%s at %s', async (file, scale) => {
    const base = await baseOf(sourceOf(`${file}.safetensors`)[1]!);
    const adapter = await open(goldenPath('formats', `${file}.safetensors`), base);
    await compare(base, references, `${file}/${scale}`, [[adapter!, Number(scale)]]);
  });
});

describeGolden(['adapters', 'lora'], () => {
  describe('a batch of rows with different adapters', async () => {
    const base = await baseOf('sd15-tiny');
    const references = goldenArrays('adapters', 'lora', 'golden.safetensors');
    const one = (await open(goldenPath('adapters', 'lora', 'names-kohya.safetensors'), base))!;
    const other = (await open(goldenPath('formats', 'lora-kohya.safetensors'), base))!;
    const golden = unetFeeds(base, references);
    const rowOf = (index: number, count: number): Feeds =>
      Object.fromEntries(
        Object.entries(golden).map(([name, value]) => {
          if (name.startsWith('residual.')) return [name, value];
          const own = row(value, index);
          const data = Float32Array.from({ length: count * own.length }, (_, i) => own[i % own.length]!);
          return [name, { dims: [count, ...value.dims.slice(1)], data }];
        }),
      );

    test('gives each row what it gives alone, and a row without any what the network without branches gives', async () => {
      const scales = [
        [0, 0],
        [1, 0],
        [0, 0.7],
        [0.5, -1],
      ];
      const adapters = [one, other];
      const data = await runUNet(base, 'all', adapters, rowOf(0, 4), scales);
      const size = data.length / 4;
      for (const [index, own] of scales.entries()) {
        const alone = await runUNet(base, 'all', adapters, rowOf(0, 1), [own]);
        expect(maxAbsDifference(data.slice(index * size, (index + 1) * size), alone)).toBeLessThan(1e-5);
      }
      const { out } = await runOnce(compile(networks.unet(base.unet)), rowOf(0, 1));
      expect(maxAbsDifference(data.slice(0, size), out!.data)).toBeLessThan(1e-5);
      expect(maxAbsDifference(data.slice(size, 2 * size), out!.data)).toBeGreaterThan(0.01);
    });

    test('is the same in every set that has its layers', async () => {
      const old = (await open(goldenPath('formats', 'lora-diffusers-old.safetensors'), base))!;
      expect(branchSetOf([...old.factors.unet.keys()])).toBe('attention');
      const [first, ...others] = await Promise.all(
        branchSets.map(async (set) => await runUNet(base, set, [old], rowOf(1, 1), [[0.8]])),
      );
      for (const data of others) expect(maxAbsDifference(data, first!)).toBeLessThan(1e-5);
    });
  });
});
