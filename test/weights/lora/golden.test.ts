import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  buildTextEncoder,
  buildUNet,
  compile,
  injectionPoints,
  type NetworkPart,
} from '../../../src/graph/compiler/index.ts';
import { Graph } from '../../../src/graph/builder/graph.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { openBaseCheckpoint } from '../../../src/weights/checkpoint.ts';
import { sameNames, folderOf, weightsOf } from '../../../src/weights/layouts/weights.ts';
import { openLoraFile } from '../../../src/weights/lora/lora-file.ts';
import { type LoraTarget, type LoraTargets, matchLora } from '../../../src/weights/lora/match-lora.ts';
import { type AppliedDeltas, mergedPart } from '../../../src/weights/lora/merged-part.ts';
import { openNetworkFolder } from '../../../src/weights/safetensors/weight-files.ts';
import { sourceOf } from '../../graph/golden-formats.ts';
import { runOnce } from '../../graph/golden-model.ts';
import {
  floats,
  type GoldenArray,
  goldenArrays,
  goldenJson,
  goldenPath,
  maxAbsDifference,
} from '../../support/golden.ts';

/** Tolerances of test/golden/adapters/lora/README.md and test/golden/formats/README.md. */
const tolerance = (file: string): number => (file === 'lora-dora' ? 2e-4 : 1e-4);
const mergedTolerance = 1e-6;

type Used = readonly [file: string, scale: number];

interface Index {
  readonly files: Readonly<Record<string, { readonly model: string }>>;
  readonly several: readonly (readonly Used[])[];
  readonly aliases: Readonly<Record<string, readonly string[]>>;
}

/** A model's networks by what adapters call them, without the checks that a base model has to pass. */
async function networksOf(model: string): Promise<Readonly<Partial<Record<LoraTarget, NetworkPart<unknown>>>>> {
  const folders = { unet: 'unet', text: 'text_encoder', text_2: 'text_encoder_2' } as const;
  const parts: Partial<Record<LoraTarget, NetworkPart<unknown>>> = {};
  for (const [target, folder] of Object.entries(folders) as [LoraTarget, string][]) {
    const path = goldenPath('models', model, folder);
    if (!existsSync(path)) continue;
    const files = await openNetworkFolder(path);
    parts[target] = { config: null, weights: weightsOf(files, sameNames), weightsFolder: folderOf(files) };
  }
  return parts;
}

async function applied(
  networks: Awaited<ReturnType<typeof networksOf>>,
  used: readonly (readonly [path: string, scale: number])[],
): Promise<Readonly<Record<LoraTarget, readonly AppliedDeltas[]>>> {
  const targets: LoraTargets = Object.fromEntries(
    Object.entries(networks).map(([target, part]) => [target, part.weights]),
  );
  const all: Record<LoraTarget, AppliedDeltas[]> = { unet: [], text: [], text_2: [] };
  for (const [path, scale] of used) {
    const lora = await openLoraFile(path);
    const { deltas, unmatched } = await matchLora(lora, targets, 'the model');
    expect(unmatched).toEqual([]);
    for (const target of Object.keys(all) as LoraTarget[]) {
      all[target].push({ folder: lora.file.folder, deltas: deltas[target], scale });
    }
  }
  return all;
}

class References {
  readonly #arrays: ReadonlyMap<string, GoldenArray>;

  constructor(...path: readonly string[]) {
    this.#arrays = goldenArrays(...path);
  }

  get names(): readonly string[] {
    return [...this.#arrays.keys()];
  }

  /** Integers come as int32 where they are ids, as float32 elsewhere. */
  tensor(name: string): Tensor {
    const array = this.#arrays.get(name);
    if (array === undefined) throw new Error(`No reference ${name}`);
    return { dims: array.dims, data: Float32Array.from(array.data as ArrayLike<number>) };
  }

  values(name: string): Float32Array {
    return floats(this.#arrays, name);
  }

  get ids() {
    const { dims, data } = this.tensor('input_ids');
    return { dims, data: Int32Array.from(data) };
  }
}

interface Comparison {
  readonly references: References;
  readonly networks: Awaited<ReturnType<typeof networksOf>>;
  readonly model: string;
  /** Of the references, without the network. */
  readonly name: string;
  readonly used: readonly Used[];
  readonly pathOf: (file: string) => string;
  readonly most: number;
  /** The file leaves the text encoder out. */
  readonly unetOnly?: boolean;
}

async function compare({ references, networks, model, name, used, pathOf, most, unetOnly = false }: Comparison) {
  const base = await openBaseCheckpoint(goldenPath('models', model));
  const all = await applied(
    networks,
    used.map(([file, scale]) => [pathOf(file), scale]),
  );
  if (references.names.includes(`unet/${name}`)) {
    const unet = mergedPart(base.unet, all.unet);
    const none: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };
    const given =
      base.unet.config.added === null
        ? ['sample', 'timestep', 'encoder_hidden_states'].map((input) => [input, references.tensor(input)])
        : [
            ['timestep', references.tensor('timestep')],
            ...['sample', 'encoder_hidden_states', 'text_embeds', 'time_ids'].map((input) => [
              input,
              references.tensor(`xl/${input}`),
            ]),
          ];
    const residuals = injectionPoints(unet.config).map((_, index) => [`residual.${index}`, none]);
    const { out } = await runOnce(
      buildUNet(unet),
      Object.fromEntries([...given, ...residuals]) as Record<string, Tensor>,
    );
    expect(maxAbsDifference(out?.data ?? [], references.values(`unet/${name}`))).toBeLessThanOrEqual(most);
  }
  for (const [index, encoder] of base.textEncoders.entries()) {
    const [te, target] = index === 0 ? (['te', 'text'] as const) : (['te2', 'text_2'] as const);
    if (unetOnly || !references.names.includes(`${te}/${name}`)) continue;
    const text = mergedPart(encoder, all[target]);
    const { context, embeds } = await runOnce(buildTextEncoder(text), { input_ids: references.ids });
    expect(maxAbsDifference(context?.data ?? [], references.values(`${te}/${name}`))).toBeLessThanOrEqual(most);
    if (!references.names.includes(`${te}/${name}/text_embeds`)) continue;
    const projected = references.values(`${te}/${name}/text_embeds`);
    expect(maxAbsDifference(embeds?.data ?? [], projected)).toBeLessThanOrEqual(most);
  }
}

const isThere = existsSync(goldenPath('adapters', 'lora', 'lora.json'));

describe.skipIf(!isThere)('adapters/lora', async () => {
  if (!isThere) return;
  const { files, several, aliases } = goldenJson<Index>('adapters', 'lora', 'lora.json');
  const references = new References('adapters', 'lora', 'golden.safetensors');
  const pathOf = (file: string): string => goldenPath('adapters', 'lora', `${file}.safetensors`);
  const models = [...new Set(Object.values(files).map(({ model }) => model))];
  const networks = new Map(await Promise.all(models.map(async (model) => [model, await networksOf(model)] as const)));
  const filesOf = (name: string): readonly string[] =>
    (aliases[name] ?? [name]).map((file) => file.split(' ')[0] as string);

  for (const [name, { model }] of Object.entries(files)) {
    for (const file of filesOf(name)) {
      const scales = references.names.flatMap((reference) => {
        const [network, of, scale, rest] = reference.split('/');
        return network === 'unet' && of === name && rest === undefined && Number(scale) > 0 ? [Number(scale)] : [];
      });
      test.each(scales)(`${file} at %s`, async (scale) => {
        const unetOnly = aliases[name]?.includes(`${file} (UNet only)`) === true;
        const one = { name: `${name}/${scale.toFixed(1)}`, used: [[file, scale]] as const, most: tolerance(name) };
        await compare({ references, networks: networks.get(model)!, model, pathOf, unetOnly, ...one });
      });
      test(`${file}: merged weights`, async () => {
        const merged = new References('adapters', 'lora', 'merged.safetensors');
        const wanted = merged.names.filter((reference) => reference.startsWith(`${name}/`));
        expect(wanted.length).toBeGreaterThan(0);
        const all = await applied(networks.get(model)!, [[pathOf(file), 1]]);
        const part = mergedPart(networks.get(model)!.unet!, all.unet);
        const modules = wanted.map((reference) => reference.slice(name.length + 1));
        const actual = await weightsOfNetwork(part, modules);
        for (const [index, reference] of wanted.entries()) {
          const expected = merged.values(reference);
          const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          expect(maxAbsDifference(actual[index]!.data, expected), reference).toBeLessThanOrEqual(
            mergedTolerance * largest,
          );
        }
      });
    }
  }

  for (const [index, used] of several.entries()) {
    const [first] = used;
    const model = files[first![0].replace('../../formats/', '')]?.model ?? models[0]!;
    test(`several at once: ${used.map(([file, scale]) => `${file} ${scale}`).join(', ')}`, async () => {
      const one = {
        references,
        networks: networks.get(model)!,
        model,
        name: `several/${index}`,
        pathOf,
        most: tolerance(''),
      };
      await compare({ ...one, used });
      await compare({ ...one, used: used.toReversed() });
    });
  }
});

describe('LoRAs of formats/', async () => {
  const references = new References('formats', 'golden.safetensors');
  const pathOf = (file: string): string => goldenPath('formats', `${file}.safetensors`);
  const cases = references.names.flatMap((name) => {
    const [network, file = '', scale] = name.split('/');
    return network === 'unet' && scale !== undefined ? [[file, scale] as const] : [];
  });
  if (cases.length === 0) test.skip('this set has none', () => {});
  for (const [file, scale] of cases) {
    const model = sourceOf(`${file}.safetensors`)[1]!;
    const networks = await networksOf(model);
    test(`${file} at ${scale}`, async () => {
      const used = [[file, Number(scale)]] as const;
      await compare({ references, networks, model, name: `${file}/${scale}`, used, pathOf, most: tolerance(file) });
    });
  }
});

/** Weights of a network as they are once it is loaded. */
async function weightsOfNetwork(part: NetworkPart<unknown>, modules: readonly string[]): Promise<readonly Tensor[]> {
  const graph = new Graph('test', part);
  for (const [index, module] of modules.entries()) {
    const shape = part.weights.get(`${module}.weight`)!.shape;
    const zero = graph.float(new Float32Array(1), [1]);
    graph.output(`w${index}`, graph.op('Add', [graph.weight(`${module}.weight`, shape), zero]), shape);
  }
  const outputs = await runOnce(compile(graph), {});
  return modules.map((_, index) => outputs[`w${index}`]!);
}
