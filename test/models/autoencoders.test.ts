import { cp, mkdir, mkdtemp, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { conditionIds } from '../../src/conditions/registry.ts';
import { findBase } from '../../src/generation/models/base.ts';
import { kindOf } from '../../src/models/kinds/kinds.ts';
import { type ModelLibrary, openLibrary } from '../../src/models/library.ts';
import { smallModelPath } from '../support/golden.ts';
import { tensorsOf, writeSmallVae } from '../support/small-vae.ts';
import { safetensorsBytes } from '../weights/write-safetensors.ts';
import { setFits, setPrediction, setVae } from '../../src/models/tell.ts';

let root: string;
let models: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'armature-autoencoders-'));
  models = join(root, 'models');
  await mkdir(models);
});
afterEach(async () => await rm(root, { recursive: true, force: true }));

const open = async (): Promise<ModelLibrary> =>
  await openLibrary([models], { conditions: conditionIds, typesFile: join(root, 'armature.json') });

async function described(name: string, manifest: object): Promise<string> {
  const folder = join(models, name);
  await mkdir(folder);
  await writeFile(join(folder, 'armature.json'), JSON.stringify({ schema: 1, ...manifest }));
  return folder;
}

describe('autoencoders in the model folders', () => {
  it('are folders and single files, which say their scaling factor or do not', async () => {
    await cp(smallModelPath('models', 'sdxl-tiny', 'vae'), join(models, 'whole'), { recursive: true });
    writeSmallVae(join(models, 'plain.safetensors'));
    writeSmallVae(join(models, 'prefixed.safetensors'), {
      before: 'first_stage_model.',
      told: { scaling_factor: 0.5 },
    });
    const { vaes, rejected } = await (await open()).list();
    expect(rejected).toEqual([]);
    const common = { latentChannels: 4, latentScale: 8, fits: null };
    expect(vaes).toMatchObject([
      { id: 'plain', layout: 'single-file', scalingFactor: null, ...common },
      { id: 'prefixed', layout: 'single-file', scalingFactor: 0.5, ...common },
      { id: 'whole', layout: 'diffusers', scalingFactor: 0.13025, ...common },
    ]);
    expect([...(await kindOf(vaes[0]!).graphs!(vaes[0]!)).keys()]).toEqual(['vae-decoder', 'vae-encoder']);
  });

  it('are for what armature.json says, and before that for what an installation says', async () => {
    const folder = await described('told', { title: 'Told', fits: ['sd1', 'sd2'] });
    writeSmallVae(join(folder, 'x.safetensors'));
    const library = await open();
    expect((await library.list()).vaes).toMatchObject([{ id: 'told', fits: ['sd1', 'sd2'] }]);
    expect(await setFits(library, 'told', ['sdxl'])).toMatchObject({ fits: ['sdxl'] });
    expect((await (await open()).list()).vaes).toMatchObject([{ id: 'told', fits: ['sdxl'] }]);
    expect(await setFits(library, 'told', ['auto'])).toMatchObject({ fits: ['sd1', 'sd2'] });
    await expect(setFits(library, 'told', [])).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(setFits(library, 'nobody', ['sd1'])).rejects.toMatchObject({ code: 'unknown_model' });
  });

  it('that lack a half are refused by the tensor', async () => {
    const tensors = tensorsOf(['formats', 'sd15-tiny-ldm.safetensors'], 'first_stage_model.');
    const half = Object.entries(tensors).filter(([name]) => !/^(?:encoder|quant_conv)\./.test(name));
    writeSmallVae(join(models, 'half.safetensors'));
    await writeFile(join(models, 'half.safetensors'), safetensorsBytes(Object.fromEntries(half)));
    const { vaes, rejected } = await (await open()).list();
    expect(vaes).toEqual([]);
    expect(rejected).toMatchObject([{ id: 'half', code: 'model_invalid', detail: expect.stringContaining('encoder') }]);
  });
});

describe('TAESDs in the model folders', () => {
  it('are folders, and decoders with the names of the original code', async () => {
    await cp(smallModelPath('models', 'taesd-tiny'), join(models, 'whole'), { recursive: true });
    await rm(join(models, 'whole', 'golden.safetensors'));
    await cp(smallModelPath('formats', 'taesd-tiny-decoder.safetensors'), join(models, 'small.safetensors'));
    await cp(smallModelPath('formats', 'taesd-tiny-encoder.safetensors'), join(models, 'wrong.safetensors'));
    const { taesds, rejected } = await (await open()).list();
    expect(taesds).toMatchObject([
      { id: 'small', layout: 'single-file', latentChannels: 4, latentScale: 8, fits: null },
      { id: 'whole', layout: 'diffusers', latentChannels: 4, latentScale: 8, fits: null },
    ]);
    expect(rejected).toMatchObject([
      { id: 'wrong', code: 'model_invalid', detail: expect.stringMatching(/is the encoder of a TAESD.*taesd_decoder/) },
    ]);
    expect([...(await kindOf(taesds[1]!).graphs!(taesds[1]!)).keys()]).toEqual(['decoder', 'encoder']);
  });

  it.each([
    ['latent_channels', 16],
    ['num_decoder_blocks', [3, 3, 1]],
    ['num_encoder_blocks', [1, 3, 3, 2]],
    ['decoder_block_out_channels', [8, 8, 8, 16]],
    ['block_out_channels', [64, 64, 64, 64]],
  ])('are refused where their config says %s = %j and the weights do not', async (key, value) => {
    const folder = join(models, 'odd');
    await cp(smallModelPath('models', 'taesd-tiny'), folder, { recursive: true });
    await rm(join(folder, 'golden.safetensors'));
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, [key]: value }));
    const { taesds, rejected } = await (await open()).list();
    expect(taesds).toEqual([]);
    expect(rejected).toMatchObject([{ id: 'odd', code: 'model_invalid', detail: expect.stringContaining(key) }]);
  });

  it('are for what is said of them', async () => {
    const folder = await described('fast', { fits: ['sd1'] });
    await cp(smallModelPath('formats', 'taesd-tiny-decoder.safetensors'), join(folder, 'x.safetensors'));
    const library = await open();
    expect((await library.list()).taesds).toMatchObject([{ id: 'fast', fits: ['sd1'] }]);
    expect(await setFits(library, 'fast', ['tiny'])).toMatchObject({ fits: ['tiny'] });
  });
});

it('a base model has the autoencoder that it is set to', async () => {
  const folder = join(models, 'tiny');
  await cp(smallModelPath('models', 'sd15-tiny'), folder, { recursive: true });
  writeSmallVae(join(models, 'other.safetensors'), { told: { scaling_factor: 0.18215 } });
  writeSmallVae(join(models, 'far.safetensors'), { told: { scaling_factor: 0.5 } });
  const library = await open();
  expect(await library.find(findBase, 'tiny')).toMatchObject({ scalingFactor: 0.18215, vae: null });
  expect(await setVae(library, 'tiny', 'other')).toMatchObject({ vae: 'other' });
  await expect(setVae(library, 'tiny', 'far')).rejects.toMatchObject({ code: 'incompatible_autoencoder' });
  expect(await library.find(findBase, 'tiny')).toMatchObject({ vae: 'other' });
  expect(await setPrediction(library, 'tiny', { type: 'epsilon' })).toMatchObject({ vae: 'other' });
  expect(await setVae(library, 'tiny', 'tiny')).toMatchObject({ vae: null });
  await writeFile(join(folder, 'armature.json'), JSON.stringify({ schema: 1, vae: 'other' }));
  await setPrediction(library, 'tiny', null);
  expect(await library.find(findBase, 'tiny')).toMatchObject({ vae: 'other' });
});
