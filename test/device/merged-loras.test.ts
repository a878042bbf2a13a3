import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelNetworks, type OpenBase } from '../../src/device/model-networks.ts';
import type { LoraWork } from '../../src/device/protocol.ts';
import { type BaseModel, findBase } from '../../src/generation/models/base.ts';
import { type ModelLibrary, openLibrary } from '../../src/models/library.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { modelsFolder } from '../support/diorama.ts';
import { floats, goldenArrays, maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { findLora } from '../../src/generation/models/lora.ts';

/** Of test/golden/adapters/lora/README.md. */
const tolerance = 1e-4;

const folder = mkdtempSync(join(tmpdir(), 'armature-loras-'));
const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
const networks = new ModelNetworks(pool, join(modelsFolder, 'clip-tokenizer'));
const references = goldenArrays('adapters', 'lora', 'golden.safetensors');
let library: ModelLibrary;
let base: BaseModel;

beforeAll(async () => {
  cpSync(smallModelPath('models', 'sd15-tiny'), join(folder, 'sd15-tiny'), { recursive: true });
  for (const name of ['names-kohya', 'lora-loha', 'lora-ia3', 'lora-locon-mid']) {
    cpSync(smallModelPath('adapters', 'lora', `${name}.safetensors`), join(folder, 'loras', `${name}.safetensors`));
  }
  library = await openLibrary([folder], { conditions: [] });
  base = await library.find(findBase, 'sd15-tiny');
});
afterAll(async () => {
  await pool.release();
  rmSync(folder, { recursive: true, force: true });
});

async function work(id: string, scale: number, textEncoderScale = scale): Promise<LoraWork> {
  return { model: await library.find(findLora, id), scale, textEncoderScale, applied: 'merged' };
}

function reference(name: string): Tensor {
  const { dims, data } = references.get(name)!;
  return { dims, data: Float32Array.from(data as ArrayLike<number>) };
}

async function denoise({ key }: OpenBase): Promise<Float32Array> {
  const sample = reference('sample');
  const conditioning = { context: reference('encoder_hidden_states') };
  const timestep = Float32Array.from(
    { length: 2 },
    (_, row) => reference('timestep').data[row] ?? reference('timestep').data[0]!,
  );
  const drawing = networks.base(key);
  const none: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };
  const residuals = Array.from({ length: drawing.injectionPoints }, () => none);
  const input = { sample, timestep: { dims: [2], data: timestep }, conditioning };
  const { data } = await drawing.denoise(input, { residuals, features: [], imageTokens: [] }, [[], []]);
  return data;
}

async function encode({ encoders: [encoder] }: OpenBase): Promise<ArrayLike<number>> {
  const ids = Int32Array.from(reference('input_ids').data);
  return (await encoder!.encode(ids, 0))['context']!.data;
}

describe('a base model with LoRAs merged into it', () => {
  it('gives what the reference gives, in the UNet and in the text encoder', async () => {
    for (const [id, name] of [
      ['names-kohya', 'names'],
      ['lora-loha', 'lora-loha'],
      ['lora-ia3', 'lora-ia3'],
    ] as const) {
      for (const scale of [0.5, 1]) {
        const open = await networks.openBase(base, [await work(id, scale)]);
        const of = `${name}/${scale.toFixed(1)}`;
        expect(maxAbsDifference(await denoise(open), floats(references, `unet/${of}`)), of).toBeLessThan(tolerance);
        expect(maxAbsDifference(await encode(open), floats(references, `te/${of}`)), of).toBeLessThan(tolerance);
      }
    }
    const both = [await work('lora-loha', 1), await work('names-kohya', 0.8)];
    const open = await networks.openBase(base, both);
    expect(maxAbsDifference(await denoise(open), floats(references, 'unet/several/1'))).toBeLessThan(tolerance);
    expect(maxAbsDifference(await encode(open), floats(references, 'te/several/1'))).toBeLessThan(tolerance);
  });

  it('leaves the base model as it is, bit for bit, and scale 0 is the base model itself', async () => {
    const plain = await networks.openBase(base);
    const before = [await denoise(plain), Float32Array.from(await encode(plain))];
    const changed = await networks.openBase(base, [await work('names-kohya', 1)]);
    expect(maxAbsDifference(await denoise(changed), before[0]!)).toBeGreaterThan(0.01);
    await pool.release();
    expect([await denoise(plain), Float32Array.from(await encode(plain))]).toEqual(before);
    expect(await networks.openBase(base, [await work('names-kohya', 0)])).toBe(plain);
  });

  it('is the same networks in whatever order they are named', async () => {
    const [one, other] = [await work('lora-loha', 1), await work('names-kohya', 0.8)];
    const [a, b] = [await networks.openBase(base, [one, other]), await networks.openBase(base, [other, one])];
    expect([a.key, a.encoders[0]!.key]).toEqual([b.key, b.encoders[0]!.key]);
    const again = await networks.openBase(base, [one, await work('names-kohya', 0.81)]);
    expect(again.key).not.toBe(a.key);
    expect(again.encoders[0]!.key).not.toBe(a.encoders[0]!.key);
  });

  it('has the UNet of the base model where only the text encoder is changed, and the other way round', async () => {
    const plain = await networks.openBase(base);
    const text = await networks.openBase(base, [await work('names-kohya', 0, 1)]);
    expect(text.key).toBe(plain.key);
    expect(maxAbsDifference(await encode(text), floats(references, 'te/names/1.0'))).toBeLessThan(tolerance);
    const unet = await networks.openBase(base, [await work('names-kohya', 1, 0)]);
    expect(unet.encoders[0]!.key).toBe(plain.encoders[0]!.key);
    expect(maxAbsDifference(await denoise(unet), floats(references, 'unet/names/1.0'))).toBeLessThan(tolerance);
    // Its layers are all in the UNet: the text encoder is the base model's, whatever its scale says.
    const unetAlone = await networks.openBase(base, [await work('lora-locon-mid', 1)]);
    expect(unetAlone.encoders[0]!.key).toBe(plain.encoders[0]!.key);
    expect(unetAlone.key).not.toBe(plain.key);
  });

  it('shares the autoencoder, and counts its own weights against the memory budget before they are loaded', async () => {
    await pool.release();
    const lora = await networks.openBase(base, [await work('names-kohya', 1)]);
    await lora.networks.decode({ dims: [1, 4, 2, 2], data: new Float32Array(16) });
    expect(pool.keys).toEqual([expect.stringMatching(/decoder",\[\]/)]);
    const tight = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 10_000);
    const poor = new ModelNetworks(tight, join(modelsFolder, 'clip-tokenizer'));
    const open = await poor.openBase(base, [await work('names-kohya', 1)]);
    await expect(encode(open)).rejects.toMatchObject({ code: 'out_of_memory' });
    expect(tight.keys).toEqual([]);
  });

  it('is refused where the file is another than the request was accepted with', async () => {
    const { model, ...scales } = await work('names-kohya', 1);
    const replaced = { model: { ...model, hash: '0123456789abcdef' }, ...scales };
    await expect(networks.openBase(base, [replaced])).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('was replaced'),
    });
    const gone = { model: { ...model, path: join(folder, 'gone.safetensors'), hash: 'f' }, ...scales };
    await expect(networks.openBase(base, [gone])).rejects.toMatchObject({ code: 'model_invalid' });
  });
});
