import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelNetworks, type OpenBase } from '../../src/device/model-networks.ts';
import type { LoraWork } from '../../src/device/protocol.ts';
import { type BaseModel, findBase } from '../../src/generation/models/base.ts';
import { findLora } from '../../src/generation/models/lora.ts';
import { type ModelLibrary, openLibrary } from '../../src/models/library.ts';
import { row, stack, type Tensor } from '../../src/numeric/tensor.ts';
import type { RowBranch } from '../../src/pipeline/networks/networks.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { modelsFolder } from '../support/diorama.ts';
import { floats, goldenArrays, maxAbsDifference, smallModelPath } from '../support/golden.ts';

/** Of test/golden/adapters/lora/README.md. */
const tolerance = 1e-4;

const folder = mkdtempSync(join(tmpdir(), 'armature-branches-'));
const settings = { provider: 'cpu', deviceId: 0, threads: 1 } as const;
const pool = new SessionPool(settings, 2 ** 30);
const networks = new ModelNetworks(pool, join(modelsFolder, 'clip-tokenizer'));
const references = goldenArrays('adapters', 'lora', 'golden.safetensors');
const place = (id: string): string => join(folder, 'loras', `${id}.safetensors`);
let library: ModelLibrary;
let base: BaseModel;

beforeAll(async () => {
  cpSync(smallModelPath('models', 'sd15-tiny'), join(folder, 'sd15-tiny'), { recursive: true });
  for (const name of ['names-kohya', 'lora-loha'])
    cpSync(smallModelPath('adapters', 'lora', `${name}.safetensors`), place(name));
  for (const name of ['lora-kohya', 'lora-diffusers-old'])
    cpSync(smallModelPath('formats', `${name}.safetensors`), place(name));
  library = await openLibrary([folder], { conditions: [] });
  base = await library.find(findBase, 'sd15-tiny');
});
afterAll(async () => {
  await pool.release();
  rmSync(folder, { recursive: true, force: true });
});

async function work(id: string, scale: number, textEncoderScale = scale): Promise<LoraWork> {
  return { model: await library.find(findLora, id), scale, textEncoderScale, applied: 'branches' };
}

function reference(name: string): Tensor {
  const { dims, data } = references.get(name)!;
  return { dims, data: Float32Array.from(data as ArrayLike<number>) };
}

/** The first row of the reference's inputs, once for each of `rows`. */
async function denoise(
  key: string,
  rows: readonly (readonly RowBranch[])[],
  from = networks,
): Promise<readonly Float32Array[]> {
  const repeated = (name: string): Tensor => {
    const value = reference(name);
    return stack(
      rows.map(() => row(value, 0)),
      value.dims.slice(1),
    );
  };
  const timestep = { dims: [rows.length], data: new Float32Array(rows.length).fill(reference('timestep').data[0]!) };
  const drawing = from.base(key);
  const none: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };
  const residuals = Array.from({ length: drawing.injectionPoints }, () => none);
  const input = { sample: repeated('sample'), timestep, conditioning: { context: repeated('encoder_hidden_states') } };
  const answers = await drawing.denoise(input, { residuals, features: [], imageTokens: [] }, rows);
  return rows.map((_, index) => row(answers, index));
}

async function one({ key, branches }: OpenBase): Promise<Float32Array> {
  return (await denoise(key, [branches]))[0]!;
}

async function encode({ encoders: [encoder] }: OpenBase): Promise<Float32Array> {
  const ids = Int32Array.from(reference('input_ids').data);
  return Float32Array.from((await encoder!.encode(ids, 0))['context']!.data);
}

const firstRow = (name: string): Float32Array => {
  const whole = floats(references, name);
  return whole.slice(0, whole.length / reference('sample').dims[0]!);
};

/** Keys of loaded networks, without factors. */
const sessions = (): readonly string[] =>
  pool.keys.filter((key) => /unet"|text"/.test(key) && !/factors|^\["\[/.test(key));

describe('a base model with LoRAs beside its layers', () => {
  it('gives what the reference gives, in the UNet and in the text encoder, with the networks that it has', async () => {
    const plain = await networks.openBase(base);
    for (const scale of [0.5, 1]) {
      const open = await networks.openBase(base, [await work('names-kohya', scale)]);
      expect(open.key).toBe(plain.key);
      expect(open.networks).toBe(plain.networks);
      const of = `names/${scale.toFixed(1)}`;
      expect(maxAbsDifference(await one(open), firstRow(`unet/${of}`)), of).toBeLessThan(tolerance);
      expect(maxAbsDifference(await encode(open), floats(references, `te/${of}`)), of).toBeLessThan(tolerance);
    }
  });

  it('needs no other network for another LoRA, scale or combination, and gives each row its own', async () => {
    await one(await networks.openBase(base, [await work('names-kohya', 1)]));
    const before = sessions();
    const sets = [
      [await work('lora-kohya', 0.7)],
      [await work('names-kohya', 1)],
      [await work('lora-diffusers-old', -0.5), await work('names-kohya', 0.3)],
      [],
      [await work('names-kohya', 0.3), await work('lora-diffusers-old', -0.5)],
    ];
    const open = await Promise.all(sets.map(async (loras) => await networks.openBase(base, loras)));
    const together = await denoise(
      open[0]!.key,
      open.map(({ branches }) => branches),
    );
    for (const [index, each] of open.slice(0, 3).entries()) {
      expect(maxAbsDifference(await one(each), together[index]!), String(index)).toBeLessThan(1e-5);
    }
    expect(sessions()).toEqual(before);
    expect(together[4]).toEqual(together[2]);
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
    ] as const) {
      expect(maxAbsDifference(together[a]!, together[b]!)).toBeGreaterThan(1e-3);
    }
    const [plain] = await denoise(open[3]!.key, [[]]);
    expect(maxAbsDifference(together[3]!, plain!)).toBeLessThan(1e-5);
  });

  it('leaves the base model as it is, bit for bit: rows without LoRAs run its own network', async () => {
    const plain = await networks.openBase(base);
    const before = [await one(plain), await encode(plain)];
    const changed = await networks.openBase(base, [await work('names-kohya', 1)]);
    expect(maxAbsDifference(await one(changed), before[0]!)).toBeGreaterThan(0.01);
    expect([await one(plain), await encode(plain)]).toEqual(before);
    expect(changed.encoders[0]!.key).not.toBe(plain.encoders[0]!.key);
    const other = await networks.openBase(base, [await work('names-kohya', 1, 0.5)]);
    expect(other.encoders[0]!.key).not.toBe(changed.encoders[0]!.key);
    const merged = await networks.openBase(base, [{ ...(await work('names-kohya', 1)), applied: 'merged' }]);
    expect(merged.encoders[0]!.key).not.toBe(changed.encoders[0]!.key);
    expect(merged.branches).toEqual([]);
    expect(maxAbsDifference(await one(merged), await one(changed))).toBeLessThan(1e-4);
  });

  it('acts alike beside and within the layers of networks that tile, and in none that others are drawn by', async () => {
    const plain = await one(await networks.openBase(base));
    const loras = [await work('names-kohya', 1)];
    const beside = await networks.openBase(base, loras, [], 'both');
    const within = await networks.openBase(base, [{ ...loras[0]!, applied: 'merged' }], [], 'both');
    const without = await networks.openBase(base, [], [], 'both');
    const other = await networks.openBase(base, [], [], 'x');
    const made = [await one(beside), await one(without), await one(other), await one(await networks.openBase(base))];
    expect(maxAbsDifference(await one(within), made[0]!)).toBeLessThan(1e-4);
    expect(made[3]).toEqual(plain);
    made.forEach((a, index) => {
      for (const b of made.slice(index + 1)) expect(maxAbsDifference(a, b)).toBeGreaterThan(1e-3);
    });
    expect(beside.key).toBe(without.key);
    expect(new Set([within, without, other, await networks.openBase(base)].map(({ key }) => key)).size).toBe(4);
  });

  it('merges all of a request where one is no product of low rank', async () => {
    const open = await networks.openBase(base, [await work('lora-loha', 1), await work('names-kohya', 0.8)]);
    expect(open.branches).toEqual([]);
    expect(maxAbsDifference(await one(open), firstRow('unet/several/1'))).toBeLessThan(tolerance);
  });

  it('runs a network with few branches where the LoRAs change few layers, and one with more where that is loaded', async () => {
    const own = new SessionPool(settings, 2 ** 30);
    const fresh = new ModelNetworks(own, join(modelsFolder, 'clip-tokenizer'));
    const [few, all] = [
      await fresh.openBase(base, [await work('lora-diffusers-old', 1)]),
      await fresh.openBase(base, [await work('lora-kohya', 1)]),
    ];
    const setsLoaded = (): readonly string[] => own.keys.flatMap((key) => /"branches","(\w+)"/.exec(key)?.[1] ?? []);
    await denoise(few.key, [few.branches], fresh);
    expect(setsLoaded()).toEqual(['attention']);
    await denoise(all.key, [all.branches], fresh);
    expect(setsLoaded()).toEqual(['attention', 'all']);
    const alone = { features: false, imagePrompts: 0 };
    expect([few, all].map((open) => open.networks.reloadMs(open.branches, alone))).toEqual([0, 0]);
    for (const key of own.keys) if (key.includes('"attention"')) await own.forget(key);
    await denoise(few.key, [few.branches], fresh);
    expect(setsLoaded()).toEqual(['all']);
    await own.release();
  });

  it('reads factors once, counts them against the memory budget, and reads them again where they had to go', async () => {
    await pool.release();
    const open = await networks.openBase(base, [await work('names-kohya', 1)]);
    const first = await one(open);
    const [factors] = pool.keys.filter((key) => key.endsWith('/factors'));
    const before = pool.bytes;
    await pool.forget(factors!);
    // Five layers of ranks up to 4, in float32.
    expect(before - pool.bytes).toBeGreaterThan(1000);
    expect(before - pool.bytes).toBeLessThan(50_000);
    expect(await one(open)).toEqual(first);
    const both = await networks.openBase(base, [await work('names-kohya', 1), await work('lora-kohya', 1)]);
    await one(both);
    await one(await networks.openBase(base, [await work('names-kohya', 1), await work('lora-diffusers-old', 1)]));
    // Of joined ones the last alone.
    expect(pool.keys.filter((key) => key.startsWith('["['))).toHaveLength(1);
    expect(pool.keys.filter((key) => key.endsWith('/factors'))).toHaveLength(3);
  });

  it('is refused where the file is another than the request was accepted with, also once it was opened', async () => {
    const { model, ...others } = await work('lora-kohya', 1);
    const replaced = { model: { ...model, hash: '0123456789abcdef' }, ...others };
    await expect(networks.openBase(base, [replaced])).rejects.toMatchObject({ code: 'model_invalid' });
    const own = new SessionPool(settings, 2 ** 30);
    const fresh = new ModelNetworks(own, join(modelsFolder, 'clip-tokenizer'));
    const open = await fresh.openBase(base, [{ model, ...others }]);
    copyFileSync(place('names-kohya'), place('lora-kohya'));
    await expect(denoise(open.key, [open.branches], fresh)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('was replaced'),
    });
    await own.release();
  });
});
