import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { smallModelPath } from '../support/golden.ts';
import { makeGuidedFolder } from '../support/guided-model.ts';
import { inlinePicture, type JobView, Service } from '../support/service.ts';

const image = inlinePicture(readFileSync(smallModelPath('pipelines', 'cond_a.png')));
const photo = inlinePicture(readFileSync(smallModelPath('pipelines', 'photo.png')));
const mask = inlinePicture(readFileSync(smallModelPath('pipelines', 'mask.png')));
const shown = inlinePicture(readFileSync(smallModelPath('adapters', 'ip_adapter', 'square.png')));
const map = { preprocess: false, resize: 'stretch', image } as const;
const one = { count: 1, steps: 120 } as const;
const small = { ...one, width: 64, height: 64 } as const;
const tiny = { model: 'sd15-tiny', width: 128, height: 128, count: 2, steps: 150, seed: 7 } as const;
let models: string;
let service: Service;
const data: string[] = [];

async function start(folder?: string): Promise<Service> {
  // As many rows as all of the jobs need at once.
  const flags = ['--models', models, '--checkpoint-every', '1', '--max-rows', '32'];
  const started = await Service.start({ flags, ...(folder === undefined ? {} : { data: folder }) });
  if (folder === undefined) data.push(started.data);
  return started;
}

const rows: readonly (readonly [string, object])[] = [
  ['a T2I-Adapter', { controls: [{ ...map, type: 'canny', model: 't2i-adapter-light', end: 0.9 }] }],
  [
    'a union ControlNet',
    { model: 'sdxl-tiny', controls: [{ ...map, type: 'depth', model: 'controlnet-union', start: 0.1 }] },
  ],
  ['learned words', { prompt: '[a nightmood sky:a (nightmood:1.3) cube:0.5]' }],
  ['previews', { preview: { every: 2 }, scheduler: 'dpmpp_2m_sde' }],
  ['SDXL, with two texts', { ...one, model: 'sdxl-tiny', height: 64, prompt_2: 'at night', original_size: [640, 480] }],
  [
    'an IP-Adapter',
    {
      ...small,
      controls: [{ type: 'image_prompt', model: 'ip-adapter-plus_sd15', image: shown, scale: 0.7 }],
    },
  ],
  ['a LoRA', { ...one, height: 64, loras: [{ model: 'names-kohya', scale: 0.8 }] }],
  ['a composed prompt', { ...one, width: 96, prompt: 'a [red cube:[green|blue] ball:0.4] AND fog :-0.2' }],
  ['tiling', { ...small, tiling: true }],
  [
    'a ControlNet at every n-th step, merged tokens and guidance at some of the steps',
    {
      ...one,
      model: 'diorama',
      scheduler: 'euler_a',
      guidance_start: 0.1,
      guidance_end: 0.5,
      controls: [{ ...map, type: 'canny', every: 7 }],
      token_merging: 0.5,
    },
  ],
  [
    'deep layers that are kept, of two evaluations a step',
    {
      ...one,
      width: 96,
      scheduler: 'heun',
      deep_cache: { every: 5 },
      controls: [{ ...map, type: 'canny', model: 'sd15-tiny-a', every: 2 }],
    },
  ],
  [
    'a model that inpaints',
    { ...small, model: 'inpaint-tiny', init_image: photo, mask_image: mask, mask_blur: 0, scheduler: 'euler_a' },
  ],
  ['a model that changes a picture by words', { ...small, model: 'edit', init_image: photo }],
  [
    'a model that takes guidance_scale as an input',
    { ...small, model: 'guided', guidance_scale: 8, scheduler: 'euler_a' },
  ],
  ['a picture drawn on', { ...one, width: undefined, height: undefined, init_image: photo, extend: { right: 32 } }],
];
const request = (fields: object) => ({ ...tiny, prompt: 'a cube', output: { metadata: false }, ...fields });
const jobs: JobView[] = [];

/** All of them are drawn at once, and killed once each of them has a checkpoint. */
beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'armature-resumed-models-'));
  for (const base of ['sd15-tiny', 'sdxl-tiny', 'inpaint-tiny']) {
    await cp(smallModelPath('models', base), join(models, base), { recursive: true });
  }
  await cp(smallModelPath('models', 'sd15-tiny'), join(models, 'edit'), { recursive: true });
  const unet = smallModelPath('adapters', 'pix2pix', 'unet');
  await cp(unet, join(models, 'edit', 'unet'), { recursive: true, force: true });
  makeGuidedFolder(join(models, 'guided'), 32);
  for (const parts of [
    ['t2i', 't2i-adapter-light'],
    ['union', 'controlnet-union'],
    ['textual_inversion', 'nightmood.safetensors'],
    ['lora', 'names-kohya.safetensors'],
    ['ip_adapter', 'ip-adapter-plus_sd15.safetensors'],
    ['ip_adapter', 'image_encoder'],
  ]) {
    await cp(smallModelPath('adapters', ...parts), join(models, parts.at(-1)!), { recursive: true });
  }
  service = await start();
  for (const [, fields] of rows) jobs.push(await service.submit(request(fields)));
  const met = ({ checkpoint_step: step, status }: JobView): boolean => (step ?? 0) > 1 || status === 'succeeded';
  for (const { id } of jobs) await service.until(id, met, 300_000);
  await service.stop('SIGKILL');
  service = await start(service.data);
  // So many drawings on a machine that does more than this.
}, 500_000);
afterAll(async () => {
  await service.stop('SIGKILL');
  for (const folder of [...data, models]) await rm(folder, { recursive: true, force: true });
});

it.each(rows.map(([name, fields], index) => [name, fields, index] as const))(
  '%s: a job that was killed goes on to the same pictures',
  async (_, fields, index) => {
    const ended = ({ status }: JobView): boolean => status !== 'running' && status !== 'queued';
    const job = await service.until(jobs[index]!.id, ended, 150_000);
    expect(job).toMatchObject({ status: 'succeeded', attempt: 2 });
    const calm = await service.draw(request(fields));
    expect(job.outputs.map(({ sha256 }) => sha256)).toEqual(calm.outputs.map(({ sha256 }) => sha256));
  },
);
