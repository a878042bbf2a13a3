import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Autoencoders, vaeNetworks } from '../../src/device/autoencoders.ts';
import type { TaesdModel } from '../../src/generation/models/taesd.ts';
import type { VaeModel } from '../../src/generation/models/vae.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { openTaesdCheckpoint } from '../../src/weights/layouts/taesd.ts';
import { openVaeCheckpoint } from '../../src/weights/layouts/vae.ts';
import { arraysOf, floats, maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { writeSmallVae } from '../support/small-vae.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';

const folder = temporaryFolder();
const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
const autoencoders = new Autoencoders(pool);
afterAll(async () => await pool.release());

const path = join(folder, 'small.safetensors');
writeSmallVae(path, { told: { scaling_factor: 0.5 } });
const untold = join(folder, 'untold.safetensors');
writeSmallVae(untold, { before: 'first_stage_model.' });
const { vae: other } = await openBaseCheckpoint(smallModelPath('models', 'sdxl-tiny'));
const own = vaeNetworks(pool, 'own', other);

const none = { vae: null, taesd: null };
const common = {
  licence: null,
  owner: null,
  layout: 'single-file',
  latentChannels: 4,
  latentScale: 8,
  fits: null,
} as const;

async function vaeModel(file: string): Promise<VaeModel> {
  const { hash, scalingFactor } = await openVaeCheckpoint(file);
  return { ...common, kind: 'vae', id: 'small', title: 'small', path: file, hash, scalingFactor };
}

async function taesdModel(): Promise<TaesdModel> {
  const file = smallModelPath('formats', 'taesd-tiny-decoder.safetensors');
  const { hash } = await openTaesdCheckpoint(file);
  return { ...common, kind: 'taesd', id: 'fast', title: 'fast', path: file, hash };
}

/** References of torch for the autoencoder that the file was made of. */
const references = arraysOf(smallModelPath('models', 'sd15-tiny', 'golden.safetensors'));
const size = [...references.keys()].flatMap((name) => /^vae\/([^/]+)\/latent$/.exec(name)?.[1] ?? [])[0] ?? '';
const tensor = (name: string, arrays = references): Tensor => ({
  dims: arrays.get(name)?.dims ?? [],
  data: floats(arrays, name),
});

describe('what stands in for the autoencoder of a base model', () => {
  it('is that, where nothing is chosen', async () => {
    const { encoder, decoder } = await autoencoders.of(own, none);
    expect(encoder).toBe(own);
    expect(decoder).toBe(own);
  });

  it('is the autoencoder of a file, both ways, as torch has it', async () => {
    const { encoder, decoder } = await autoencoders.of(own, { ...none, vae: await vaeModel(path) });
    const image = await decoder.decode(tensor(`vae/${size}/latent`));
    expect(maxAbsDifference(image.data, floats(references, `vae/${size}/decoded`))).toBeLessThan(5e-5);
    const bytes = references.get(`vae/${size}/image_u8`);
    const pixels = Float32Array.from(bytes?.data as Uint8Array, (value) => (value / 255) * 2 - 1);
    const { mean, logvar } = await encoder.encode({ dims: bytes?.dims ?? [], data: pixels });
    expect(maxAbsDifference(mean.data, floats(references, `vae/${size}/mean`))).toBeLessThan(5e-5);
    expect(maxAbsDifference(logvar.data, floats(references, `vae/${size}/logvar`))).toBeLessThan(5e-5);
  });

  it('has the factor of its own files, and that of the base model where they say none', async () => {
    const said = await autoencoders.of(own, { ...none, vae: await vaeModel(path) });
    expect([said.encoder.scalingFactor, said.decoder.scalingFactor]).toEqual([0.5, 0.5]);
    const unsaid = await autoencoders.of(own, { ...none, vae: await vaeModel(untold) });
    expect(unsaid.encoder.scalingFactor).toBe(other.config.scalingFactor);
  });

  it('is a TAESD one way, which takes latents as the denoiser has them', async () => {
    const { encoder, decoder } = await autoencoders.of(own, { ...none, taesd: await taesdModel() });
    expect(encoder).toBe(own);
    expect(decoder.scalingFactor).toBe(1);
    const tiny = arraysOf(smallModelPath('models', 'taesd-tiny', 'golden.safetensors'));
    const image = await decoder.decode(tensor('vae/8x8/latent', tiny));
    expect(maxAbsDifference(image.data, floats(tiny, 'vae/8x8/decoded'))).toBeLessThan(5e-5);
  });

  it('is loaded once, whatever it stands in for', async () => {
    const first = await autoencoders.of(own, { ...none, vae: await vaeModel(path) });
    const latent = { dims: [1, 4, 2, 2], data: new Float32Array(16) };
    await first.decoder.decode(latent);
    const loaded = pool.keys.length;
    const second = await autoencoders.of({ ...own, scalingFactor: 2 }, { ...none, vae: await vaeModel(path) });
    await second.decoder.decode(latent);
    expect(pool.keys.length).toBe(loaded);
  });

  it('is refused where another file lies there by now', async () => {
    const model = { ...(await vaeModel(path)), hash: 'another' };
    await expect(autoencoders.of(own, { ...none, vae: model })).rejects.toMatchObject({ code: 'model_invalid' });
    const taesd = { ...(await taesdModel()), hash: 'another' };
    await expect(autoencoders.of(own, { ...none, taesd })).rejects.toMatchObject({ code: 'model_invalid' });
  });
});
