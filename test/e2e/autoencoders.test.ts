import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedTokenizer } from '../../src/config/package-files.ts';
import { conditionIds } from '../../src/conditions/registry.ts';
import { ModelNetworks } from '../../src/device/model-networks.ts';
import { prepareDrawing } from '../../src/device/prepare-drawing.ts';
import { TextCache } from '../../src/device/text-cache.ts';
import { findBase } from '../../src/generation/models/base.ts';
import { buildTaesdDecoder } from '../../src/graph/compiler/index.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { openLibrary } from '../../src/models/library.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../src/pipeline/denoise-loop.ts';
import { pictureFrom } from '../../src/pipeline/pixels.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { openTaesdCheckpoint } from '../../src/weights/layouts/taesd.ts';
import { armature } from '../cli/armature.ts';
import { runOnce } from '../graph/golden-model.ts';
import { firstPass, planFor, preparedAtOnce } from '../support/draw-request.ts';
import { maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

let models: string;
let service: Service;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'armature-vae-models-'));
  await cp(smallModelPath('models', 'sd15-tiny'), join(models, 'tiny'), { recursive: true });
  // Another autoencoder alone, and a base model that has it as its own.
  await cp(smallModelPath('models', 'sdxl-tiny', 'vae'), join(models, 'other-vae'), { recursive: true });
  await cp(smallModelPath('models', 'sd15-tiny'), join(models, 'both'), { recursive: true });
  const config = join(models, 'other-vae', 'config.json');
  const settings = JSON.parse(await readFile(config, 'utf8')) as object;
  await writeFile(config, JSON.stringify({ ...settings, scaling_factor: 0.18215 }));
  await rm(join(models, 'both', 'vae'), { recursive: true });
  await cp(join(models, 'other-vae'), join(models, 'both', 'vae'), { recursive: true });
  await cp(smallModelPath('models', 'sdxl-tiny', 'vae'), join(models, 'sdxl-vae'), { recursive: true });
  await cp(smallModelPath('formats', 'taesd-tiny-decoder.safetensors'), join(models, 'fast.safetensors'));
  service = await Service.start({ flags: ['--models', models] });
}, 100_000);
afterAll(async () => {
  await service.stop();
  await rm(models, { recursive: true, force: true });
});

const request = (fields: object) => ({
  prompt: 'a red cube',
  model: 'tiny',
  seed: 5,
  steps: 4,
  width: 64,
  height: 64,
  scheduler: 'ddim',
  guidance_scale: 4,
  ...fields,
});

async function draw(fields: object): Promise<{ readonly job: JobView; readonly picture: RgbImage }> {
  const job = (await service.draw(request(fields))) as unknown as JobView;
  const bytes = await (await service.fetch(job.outputs[0]!.url)).arrayBuffer();
  return { job, picture: await decodePicture(new Uint8Array(bytes)) };
}

async function refusal(fields: object): Promise<Readonly<Record<string, unknown>>> {
  const response = await service.fetch('/v1/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request(fields)),
  });
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

describe('an autoencoder in the place of the own', () => {
  it('draws what a model draws that has it in its files, from noise and over a picture', async () => {
    const file = await readFile(new URL('examples/photo.jpg', root));
    const own = await draw({});
    for (const over of [{}, { init_image: inlinePicture(file), strength: 0.5 }]) {
      const { job, picture } = await draw({ vae: 'other-vae', ...over });
      const reference = await draw({ model: 'both', ...over });
      expect(maxAbsDifference(picture.data, reference.picture.data)).toBe(0);
      expect(job.effective).toMatchObject({
        vae: { id: 'other-vae', hash: expect.stringMatching(/^[0-9a-f]{16}$/) },
        decoder: { name: 'vae', model: null },
      });
      expect(maxAbsDifference(picture.data, own.picture.data)).toBeGreaterThan(8);
    }
    const after = await draw({ vae: 'tiny' });
    expect(maxAbsDifference(after.picture.data, own.picture.data)).toBe(0);
    expect(after.job.effective).toMatchObject({ vae: null });
  }, 200_000);

  it('that is for other latents is refused, with those that fit', async () => {
    expect(await refusal({ vae: 'sdxl-vae' })).toMatchObject({
      status: 400,
      code: 'incompatible_autoencoder',
      field: 'vae',
      choices: ['other-vae', 'tiny'],
    });
  });

  it('is set for a model on the command line, and taken where a request names none', async () => {
    const flags = ['--models', models, '--data', service.data];
    const { stdout } = await armature(['models', 'set', 'tiny', '--vae', 'other-vae', ...flags]);
    expect(stdout).toBe('tiny is drawn with other-vae.\n');
    const { job } = await draw({});
    expect(job.effective).toMatchObject({ vae: { id: 'other-vae' } });
    await armature(['models', 'set', 'tiny', '--vae', 'tiny', ...flags]);
    expect((await draw({})).job.effective).toMatchObject({ vae: null });
  }, 200_000);
});

describe('a TAESD', () => {
  it('makes the pictures once it is said to fit, and is refused before', async () => {
    const before = await refusal({ decoder: 'taesd' });
    expect(before).toMatchObject({ status: 400, code: 'incompatible_autoencoder', field: 'decoder' });
    expect(before['detail']).toMatch(/armature models set fast --fits tiny/);
    const flags = ['--models', models, '--data', service.data];
    const { stdout } = await armature(['models', 'set', 'fast', '--fits', 'tiny', ...flags]);
    expect(stdout).toBe('fast is for the latents of tiny.\n');
    const { job, picture } = await draw({ decoder: 'taesd' });
    expect(job.effective).toMatchObject({ vae: null, decoder: { name: 'taesd', model: { id: 'fast' } } });
    expect(maxAbsDifference(picture.data, (await expected()).data)).toBeLessThanOrEqual(1);
  }, 200_000);

  it('is listed with what it fits', async () => {
    const list = (await (await service.fetch('/v1/models')).json()) as Record<string, readonly unknown[]>;
    expect(list['taesds']).toMatchObject([{ id: 'fast', latent_channels: 4, fits: ['tiny'], base_models: ['tiny'] }]);
    expect(list['base_models']).toMatchObject([
      { id: 'both', vaes: ['other-vae'], taesds: [] },
      { id: 'diorama' },
      { id: 'tiny', vae: null, scaling_factor: 0.18215, vaes: ['other-vae'], taesds: ['fast'] },
    ]);
  });

  it('shows pictures on their way at their size', async () => {
    const job = await service.submit(request({ steps: 40, preview: { every: 1 } }));
    const text = await (await service.fetch(`/v1/generations/${job.id}/events`)).text();
    const shown = text.split('\n\n').filter((block) => block.startsWith('event: preview'));
    expect(shown.length).toBeGreaterThan(0);
    for (const block of shown) expect(block).toContain('"width":64,"height":64');
  }, 100_000);
});

/** The latents of the request as they come out of the loop here, by the decoder that is tested against torch. */
async function expected(): Promise<RgbImage> {
  const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
  const networks = new ModelNetworks(pool, embeddedTokenizer);
  const library = await openLibrary([models], { conditions: conditionIds });
  const base = await library.find(findBase, 'tiny');
  const plan = planFor(base, { prompt: 'a red cube', seed: 5, steps: 4, width: 64, height: 64 });
  const { samples } = await preparedAtOnce(prepareDrawing(firstPass(plan, base), networks, new TextCache()));
  const loop = new DenoiseLoop(splitNetworks(networks), { maxRows: 8, workingMemory: 2 ** 30 });
  loop.join(samples);
  while (loop.size > 0) await loop.tick();
  const { taesd } = await openTaesdCheckpoint(join(models, 'fast.safetensors'));
  const { pass, state } = samples[0]!;
  const { image } = await runOnce(buildTaesdDecoder(taesd), {
    latent: { dims: [1, ...pass.shape], data: state.latents },
  });
  await pool.release();
  return pictureFrom(image!);
}
