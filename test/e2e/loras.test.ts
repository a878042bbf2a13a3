import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { armature } from '../cli/armature.ts';
import { maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { mergeIntoFile } from '../support/merge-into-file.ts';
import type { Service } from '../support/service.ts';
import { SmallServices } from '../support/small-services.ts';
import { float32Tensor, writeSafetensors } from '../weights/write-safetensors.ts';

const loras = ['names-kohya', 'lora-loha', 'lora-dora', 'lora-peft-sdxl'];
const loraFile = (id: string): string => join(models, 'loras', `${id}.safetensors`);
let small: SmallServices;
let models: string;
let service: Service;

beforeAll(async () => {
  small = await SmallServices.inNewFolder();
  ({ models } = small);
  for (const base of ['sd15-tiny', 'sd21-tiny']) {
    await cp(smallModelPath('models', base), join(models, base), { recursive: true });
  }
  for (const id of loras) await cp(smallModelPath('adapters', 'lora', `${id}.safetensors`), loraFile(id));
  // The same base model with one of them in its files, at 0.8 in the UNet and 0.5 in the text encoder.
  const merged = join(models, 'merged');
  await cp(smallModelPath('models', 'sd15-tiny'), merged, { recursive: true });
  const lora = ['adapters', 'lora', 'names-kohya.safetensors'];
  const weights = join(merged, 'unet', 'diffusion_pytorch_model.safetensors');
  expect(mergeIntoFile(weights, lora, 'lora_unet_', 0.8)).toBe(5);
  expect(mergeIntoFile(join(merged, 'text_encoder', 'model.safetensors'), lora, 'lora_te_', 0.5)).toBe(2);
  const layer = 'lora_unet_mid_block_attentions_0_proj_in';
  const factors = (module: string, inputs: number) => ({
    [`${module}.lora_down.weight`]: float32Tensor([1, inputs, 1, 1], new Float32Array(inputs).fill(0.1)),
    [`${module}.lora_up.weight`]: float32Tensor([16, 1, 1, 1], new Float32Array(16).fill(0.1)),
  });
  writeSafetensors(loraFile('half'), {
    ...factors(layer, 16),
    ...factors('lora_unet_mid_block_attentions_7_proj_in', 16),
  });
  writeSafetensors(loraFile('stranger'), factors('lora_unet_mid_block_attentions_7_proj_in', 16));
  writeSafetensors(loraFile('wide'), factors(layer, 24));
  service = await small.start();
});
afterAll(async () => await small.remove());

const request = (fields: object) => ({ prompt: 'a red cube', model: 'sd15-tiny', seed: 5, steps: 6, ...fields });

async function draw(fields: object): Promise<JobView> {
  return (await service.draw(request(fields))) as unknown as JobView;
}

async function pictureOf(job: JobView): Promise<RgbImage> {
  return await decodePicture(new Uint8Array(await (await service.fetch(job.outputs[0]!.url)).arrayBuffer()));
}

async function refusal(fields: object): Promise<Readonly<Record<string, unknown>>> {
  const response = await service.fetch('/v1/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request(fields)),
  });
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

describe('a request with LoRAs', () => {
  it('draws what a base model draws that has them in its files', async () => {
    const asked = [{ model: 'names-kohya', scale: 0.8, text_encoder_scale: 0.5 }];
    const [plain, own, reference] = [await draw({}), await draw({ loras: asked }), await draw({ model: 'merged' })];
    const [a, b, c] = [await pictureOf(plain), await pictureOf(own), await pictureOf(reference)];
    expect(maxAbsDifference(b.data, c.data)).toBeLessThanOrEqual(1);
    expect(maxAbsDifference(a.data, b.data)).toBeGreaterThan(8);
    expect(own.effective).toMatchObject({
      loras: [
        {
          model: { id: 'names-kohya', hash: expect.stringMatching(/^[0-9a-f]{16}$/) },
          scale: 0.8,
          text_encoder_scale: 0.5,
          applied: 'branches',
        },
      ],
    });
    expect(own.warnings).toEqual(plain.warnings);
    const file = Buffer.from(await (await service.fetch(own.outputs[0]!.url)).arrayBuffer()).toString('latin1');
    expect(file).toContain('LoRA 0: "Model: names-kohya, Weight: 0.8, Text Encoder Weight: 0.5"');
    expect(file).toMatch(/Lora hashes: "names-kohya: [0-9a-f]{16}"/);
    // The base model is not changed by it, and scale 0 is the base model, which is said.
    expect((await draw({})).outputs[0]!.sha256).toBe(plain.outputs[0]!.sha256);
    const off = await draw({ loras: [{ model: 'names-kohya', scale: 0 }] });
    expect(maxAbsDifference((await pictureOf(off)).data, a.data)).toBe(0);
    expect(off.warnings).toContain('loras[0] has scale 0 and does not act.');
  });

  it('merges tokens beside them as a base model does that has them in its files', async () => {
    const asked = { token_merging: 0.5, loras: [{ model: 'names-kohya', scale: 0.8, text_encoder_scale: 0.5 }] };
    const [own, reference] = [await draw(asked), await draw({ token_merging: 0.5, model: 'merged' })];
    const [b, c] = [await pictureOf(own), await pictureOf(reference)];
    expect(maxAbsDifference(b.data, c.data)).toBeLessThanOrEqual(1);
    const { token_merging: _, ...without } = asked;
    expect(maxAbsDifference((await pictureOf(await draw(without))).data, b.data)).toBeGreaterThan(1);
    expect(own.effective).toMatchObject({ token_merging: 0.5, loras: [{ applied: 'branches' }] });
  });

  it('is drawn beside others as it is alone, and shares batches with those that have the same', async () => {
    const [ink, wash] = [
      { model: 'names-kohya', scale: 0.8 },
      { model: 'lora-loha', scale: 0.5 },
    ];
    const sets: readonly (readonly object[])[] = [
      [],
      [ink],
      [ink, wash],
      [{ ...ink, text_encoder_scale: 0 }],
      [wash, ink],
      [{ model: 'lora-dora' }],
      [ink],
      [],
    ];
    const requests = sets.map((each, index) => ({ loras: each, seed: index, steps: 12, output: { metadata: false } }));
    const alone: JobView[] = [];
    for (const one of requests) alone.push(await draw(one));
    const together = await Promise.all(requests.map(draw));
    for (const [index, job] of together.entries()) {
      const [one, other] = [await pictureOf(job), await pictureOf(alone[index]!)];
      expect(maxAbsDifference(one.data, other.data), `request ${index}`).toBeLessThanOrEqual(1);
    }
    expect(Math.max(...together.map((job) => job.mean_batch ?? 0))).toBeGreaterThan(1);
    // In whatever order they are named.
    const seed = { seed: 2, steps: 12, output: { metadata: false } };
    const turned = await draw({ ...seed, loras: [wash, ink] });
    expect(turned.outputs[0]!.sha256).toBe(alone[2]!.outputs[0]!.sha256);
  });

  it('is warned of layers that the base model does not have, and of what does not act', async () => {
    const half = await draw({ loras: [{ model: 'half' }] });
    expect(half.warnings).toContain(
      'loras[0] (half) has 1 of 2 layers that the model sd15-tiny does not have, which do not act: unet: mid_block_attentions_7_proj_in.',
    );
    const idle = await draw({ loras: [{ model: 'half', scale: 0, text_encoder_scale: 1 }] });
    expect(idle.warnings).toContain('loras[0] (half) changes the UNet alone, and its scale is 0: it does not act.');
  });

  it('is refused before it is queued where a LoRA does not fit, with what would', async () => {
    const fitting = ['half', 'lora-dora', 'lora-loha', 'names-kohya', 'stranger', 'wide'];
    const cases: readonly (readonly [object, string, string, RegExp, (readonly string[])?])[] = [
      [{ loras: [{ model: 'nobody' }] }, 'unknown_model', 'loras[0].model', /no LoRA "nobody"/],
      [{ loras: [{ model: 'merged' }] }, 'unknown_model', 'loras[0].model', /base model and no LoRA/],
      [{ loras: [{ model: 'lora-peft-sdxl' }] }, 'incompatible_lora', 'loras[0].model', /SDXL/, fitting],
      [
        { loras: [{ model: 'half' }, { model: 'stranger' }] },
        'incompatible_lora',
        'loras[1].model',
        /changes no layer of the model sd15-tiny.*mid_block_attentions_7_proj_in/,
        fitting.filter((id) => id !== 'stranger'),
      ],
      [
        { loras: [{ model: 'wide' }] },
        'incompatible_lora',
        'loras[0].model',
        /\[16, 16, 1, 1\].*but received \[1, 24, 1, 1\]/,
        fitting.filter((id) => id !== 'wide'),
      ],
      [{ loras: [{ model: 'lora-loha' }], model: 'sd21-tiny' }, 'incompatible_lora', 'loras[0].model', /context width/],
      [{ loras: [{ model: 'half', scale: 99 }] }, 'invalid_request', 'loras[0].scale', /-10 to 10/],
    ];
    for (const [fields, code, field, detail, choices] of cases) {
      const problem = await refusal(fields);
      expect(problem).toMatchObject({ code, field, detail: expect.stringMatching(detail) });
      if (choices !== undefined) expect(problem).toMatchObject({ choices });
    }
    const batch = await service.fetch('/v1/batches', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: [request({}), request({ loras: [{ model: 'stranger' }] })] }),
    });
    const problem = (await batch.json()) as { readonly errors: readonly object[] };
    expect(problem).toMatchObject({ code: 'incompatible_lora', errors: [{ field: 'items[1].loras[0].model' }] });
  });

  it('may be a flat form, and a batch over scales', async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries(request({ loras: '[{"model": "names-kohya", "scale": 0.25}]' }))) {
      form.append(name, String(value));
    }
    const response = await service.fetch('/v1/generations', { method: 'POST', body: form });
    expect(await response.json()).toMatchObject({ effective: { loras: [{ scale: 0.25, text_encoder_scale: 0.25 }] } });
    const batch = await service.fetch('/v1/batches', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        template: request({ loras: [{ model: 'names-kohya' }] }),
        matrix: { 'loras[0].scale': [-1, 0.5, 2] },
      }),
    });
    expect(batch.status).toBe(202);
  });

  it('is drawn by the command line too', async () => {
    const output = join(models, 'out.png');
    const settings = [
      '--models',
      models,
      '--model',
      'sd15-tiny',
      '--data',
      join(models, 'data'),
      '--seed',
      '5',
      '--steps',
      '6',
    ];
    const lora = ['--lora', 'names-kohya:0.8:0.5', '--lora', 'half:0'];
    const { code, stderr } = await armature(['generate', 'a red cube', ...settings, ...lora, '-o', output]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('loras[1] (half) has 1 of 2 layers')]);
    const { data } = await decodePicture(await readFile(output));
    const asked = [{ model: 'names-kohya', scale: 0.8, text_encoder_scale: 0.5 }];
    expect(maxAbsDifference(data, (await pictureOf(await draw({ loras: asked }))).data)).toBeLessThanOrEqual(1);
    const wrong = await armature(['generate', 'a', ...settings, '--lora', 'names-kohya:much', '-o', output]);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('Expected loras[0].scale to be a number from -10 to 10 but received "much".'),
    ]);
  });

  it('of few steps is sampled as it was made to, and draws what a base model draws that has it in its files', async () => {
    await cp(loraFile('names-kohya'), loraFile('quick'));
    const said = ['models', 'set', 'quick', '--distilled', 'lcm', '--models', models, '--data', service.data];
    expect(await armature(said)).toMatchObject({ code: 0 });
    const open = { prompt: 'a red cube', model: 'sd15-tiny', seed: 5, width: 64, height: 64 };
    const loras = [{ model: 'quick', scale: 0.8, text_encoder_scale: 0.5 }];
    const own = (await service.draw({ ...open, loras })) as unknown as JobView;
    const sampled = { steps: 4, guidance_scale: 1, scheduler: 'lcm' };
    expect(own.effective).toMatchObject({ ...sampled, schedule: null, loras: [{ applied: 'branches' }] });
    const reference = (await service.draw({ ...open, ...sampled, model: 'merged' })) as unknown as JobView;
    expect(maxAbsDifference((await pictureOf(own)).data, (await pictureOf(reference)).data)).toBeLessThanOrEqual(1);
    expect(own.warnings).toEqual(reference.warnings);
    const slow = (await service.draw({ ...open, loras, steps: 20 })) as unknown as JobView;
    expect(slow.warnings.join()).toMatch(/quick was made for few steps/);
  });
});

describe('a service that is killed in the middle of a picture with a LoRA', () => {
  const long = request({ steps: 100, loras: [{ model: 'names-kohya', scale: 0.8 }], output: { metadata: false } });

  it('says so where the file was replaced or taken out meanwhile', async () => {
    const own = await readFile(loraFile('names-kohya'));
    const first = await small.start();
    const { id } = await first.submit(long);
    const gone = await first.submit({ ...long, loras: [{ model: 'lora-loha' }] });
    await first.until(id, (job) => job.status === 'running');
    await first.stop('SIGKILL');
    const changed = Buffer.from(own);
    changed.writeFloatLE(7, changed.length - 4);
    await writeFile(loraFile('names-kohya'), changed);
    await rm(loraFile('lora-loha'));
    const second = await small.start(first.data);
    expect(await second.finished(await second.job(id))).toMatchObject({
      status: 'failed',
      error: {
        code: 'model_invalid',
        detail: expect.stringMatching(/"names-kohya" was replaced after this job was accepted.*Send the request again/),
      },
    });
    expect(await second.finished(gone)).toMatchObject({
      status: 'failed',
      error: { code: 'unknown_model', detail: expect.stringContaining('no LoRA "lora-loha"') },
    });
  });
});
