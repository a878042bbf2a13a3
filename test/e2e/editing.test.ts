import { readFileSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { openSafetensors, readTensor } from '../../src/weights/safetensors/safetensors.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { fileOf, pictureOf as drawnPicture } from '../support/draw-by-service.ts';
import { goldenArrays, goldenJson, maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { inlinePicture, type Service } from '../support/service.ts';
import { SmallServices } from '../support/small-services.ts';
import { float32Tensor, writeSafetensors } from '../weights/write-safetensors.ts';

const size = { width: 64, height: 64 };
const photo = inlinePicture(readFileSync(smallModelPath('pipelines', 'photo.png')));
const mask = inlinePicture(readFileSync(smallModelPath('pipelines', 'mask.png')));
const levels = (await decodePicture(readFileSync(smallModelPath('pipelines', 'mask.png')))).data.filter(
  (_, i) => i % 3 === 0,
);
let small: SmallServices;
let models: string;
let service: Service;

beforeAll(async () => {
  small = await SmallServices.inNewFolder();
  ({ models } = small);
  for (const base of ['sd15-tiny', 'inpaint-tiny', 'sdxl-tiny']) await copyOf(base, base);
  await copyOf('sd15-tiny', 'edit');
  await cp(smallModelPath('adapters', 'pix2pix', 'unet'), join(models, 'edit', 'unet'), {
    recursive: true,
    force: true,
  });
  await copyOf('sdxl-tiny', 'xl-inpaint');
  const unet = join(models, 'xl-inpaint', 'unet');
  await cp(smallModelPath('adapters', 'sdxl_extra', 'inpaint-unet'), unet, { recursive: true, force: true });
  await copyOf('sdxl-tiny', 'xl-edit');
  await widen(join(models, 'xl-edit', 'unet'), 8);
  await copyOf('sd15-tiny', 'depth');
  await widen(join(models, 'depth', 'unet'), 5);
  const lora = smallModelPath('adapters', 'lora', 'names-kohya.safetensors');
  await cp(lora, join(models, 'loras', 'names-kohya.safetensors'));
  await writeConvInLora(join(models, 'loras', 'first.safetensors'));
  for (const base of ['inpaint-tiny', 'edit']) await withConvInLora(base);
  service = await small.start();
});
afterAll(async () => await small.remove());

async function copyOf(base: string, id: string): Promise<void> {
  await cp(smallModelPath('models', base), join(models, id), { recursive: true });
}

/** Gives a UNet more input channels, which do nothing. */
async function widen(folder: string, channels: number): Promise<void> {
  const path = join(folder, 'diffusion_pytorch_model.safetensors');
  const file = await openSafetensors(path);
  const tensors = await Promise.all(
    [...file.tensors].map(async ([name, { shape }]) => {
      const values = await readTensor(file, name);
      if (name !== 'conv_in.weight') return [name, float32Tensor(shape, values)] as const;
      const [out = 0, before = 0, ...kernel] = shape;
      const area = kernel.reduce((product, side) => product * side, 1);
      const wide = new Float32Array(out * channels * area);
      for (let row = 0; row < out; row++) {
        wide.set(values.subarray(row * before * area, (row + 1) * before * area), row * channels * area);
      }
      return [name, float32Tensor([out, channels, ...kernel], wide)] as const;
    }),
  );
  writeSafetensors(path, Object.fromEntries(tensors));
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as object;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, in_channels: channels }));
}

const factors = {
  down: Float32Array.from({ length: 4 * 9 }, (_, i) => ((i * 7) % 11) / 20 - 0.25),
  up: Float32Array.from({ length: 8 }, (_, i) => ((i * 5) % 7) / 10 - 0.3),
};

/** A LoRA of the first layer as one for models of four input channels has it. */
async function writeConvInLora(path: string): Promise<void> {
  const { down, up } = factors;
  writeSafetensors(path, {
    'lora_unet_conv_in.lora_down.weight': float32Tensor([1, 4, 3, 3], down),
    'lora_unet_conv_in.lora_up.weight': float32Tensor([8, 1, 1, 1], up),
  });
}

/** A copy of a base model in whose files that LoRA is, on its first four input channels. */
async function withConvInLora(base: string): Promise<void> {
  const folder = join(models, `${base}-first`);
  await cp(join(models, base), folder, { recursive: true });
  const path = join(folder, 'unet', 'diffusion_pytorch_model.safetensors');
  const file = await openSafetensors(path);
  const tensors = await Promise.all(
    [...file.tensors].map(async ([name, { shape }]) => {
      const values = await readTensor(file, name);
      const [, inputs = 0] = shape;
      const changed = values.map((value, i) => {
        const [row, rest] = [Math.floor(i / (inputs * 9)), i % (inputs * 9)];
        return rest < 4 * 9 ? value + factors.up[row]! * factors.down[rest]! : value;
      });
      return [name, float32Tensor(shape, name === 'conv_in.weight' ? changed : values)] as const;
    }),
  );
  writeSafetensors(path, Object.fromEntries(tensors));
}

async function draw(fields: object, by = service): Promise<JobView> {
  return (await by.draw({ ...size, ...fields })) as unknown as JobView;
}

const pictureOf = async (job: JobView) => await drawnPicture(service, job);

async function refusal(fields: object): Promise<object> {
  const response = await service.fetch('/v1/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'x', ...size, ...fields }),
  });
  return (await response.json()) as object;
}

/** A case of the references as a request. */
function requestOf(folder: readonly string[], name: string): { readonly fields: object; readonly bytes: Uint8Array } {
  interface Case {
    readonly name: string;
    readonly args: Readonly<Record<string, unknown>>;
  }
  const { cases } = goldenJson<{ cases: readonly Case[] }>(...folder, 'pipelines.json');
  const { prompt, negative_prompt, num_inference_steps, generator, guidance_scale } = cases.find(
    (one) => one.name === name,
  )!.args;
  const fields = { prompt, negative_prompt, steps: num_inference_steps, seed: generator, guidance_scale };
  const bytes = goldenArrays(...folder, `${name}.safetensors`).get('image_u8')!;
  return { fields, bytes: bytes.data as Uint8Array };
}

const inpaint = { model: 'inpaint-tiny', init_image: photo, mask_image: mask, mask_blur: 0 };

describe('a model that inpaints', () => {
  it('draws what diffusers does where the mask says so, and leaves the rest', async () => {
    for (const [name, more] of [
      ['inpaint_9ch', { scheduler: 'ddim', strength: 1 }],
      ['inpaint_9ch_s08', { scheduler: 'pndm', strength: 0.8 }],
    ] as const) {
      const { fields, bytes } = requestOf(['pipelines'], name);
      const drawn = (await pictureOf(await draw({ ...inpaint, ...fields, ...more }))).data;
      const source = (await decodePicture(readFileSync(smallModelPath('pipelines', 'photo.png')))).data;
      const masked = (i: number): boolean => levels[Math.floor(i / 3)]! > 127;
      expect(
        maxAbsDifference(
          drawn.filter((_, i) => masked(i)),
          bytes.filter((_, i) => masked(i)),
        ),
      ).toBeLessThanOrEqual(1);
      expect(drawn.filter((_, i) => !masked(i))).toEqual(source.filter((_, i) => !masked(i)));
    }
  });

  it('draws by a prompt and over all of a picture too, with ControlNets and LoRAs', async () => {
    const plain = await draw({ model: 'inpaint-tiny', prompt: 'a cat', seed: 1, steps: 4 });
    const over = await draw({ model: 'inpaint-tiny', prompt: 'a cat', seed: 1, steps: 4, init_image: photo });
    expect(over.outputs[0]!.sha256).not.toBe(plain.outputs[0]!.sha256);
    const fields = { ...inpaint, prompt: 'a cat', seed: 1, steps: 4 };
    const alone = await draw(fields);
    const controls = [{ type: 'canny', model: 'sd15-tiny-a', image: photo }];
    const [steered, adapted] = [
      await draw({ ...fields, controls }),
      await draw({ ...fields, loras: [{ model: 'names-kohya' }] }),
    ];
    expect(new Set([alone, steered, adapted].map(({ outputs }) => outputs[0]!.sha256)).size).toBe(3);
    // What is outside the mask is the source's, whatever steers.
    expect(alone.effective).toMatchObject({ image_guidance_scale: null, strength: 0.75 });
  });

  it('of SDXL draws what diffusers does', async () => {
    const { fields, bytes } = requestOf(['adapters', 'sdxl_extra'], 'xl_inpaint_9ch');
    const drawn = (
      await pictureOf(await draw({ ...inpaint, model: 'xl-inpaint', ...fields, scheduler: 'euler', strength: 0.99 }))
    ).data;
    const masked = (i: number): boolean => levels[Math.floor(i / 3)]! > 127;
    expect(
      maxAbsDifference(
        drawn.filter((_, i) => masked(i)),
        bytes.filter((_, i) => masked(i)),
      ),
    ).toBeLessThanOrEqual(1);
  });

  it('takes no grey mask', async () => {
    expect(await refusal({ ...inpaint, mask_mode: 'soft' })).toMatchObject({
      code: 'invalid_request',
      field: 'mask_mode',
      detail: expect.stringMatching(/inpaint-tiny.*expected mask_mode "hard"/),
    });
  });
});

const edit = { model: 'edit', init_image: photo };

describe('a model that changes a picture by words', () => {
  it('draws what diffusers does', async () => {
    for (const [name, more] of [
      ['p2p_ddim', { scheduler: 'ddim' }],
      ['p2p_euler', { scheduler: 'euler', image_guidance_scale: 1.2 }],
    ] as const) {
      const { fields, bytes } = requestOf(['adapters', 'pix2pix'], name);
      const job = await draw({ ...edit, ...fields, ...more });
      expect(maxAbsDifference((await pictureOf(job)).data, bytes)).toBeLessThanOrEqual(1);
      expect(job.effective).toMatchObject({ image_guidance_scale: name === 'p2p_ddim' ? 1.5 : 1.2, strength: null });
      const text = Buffer.from(await fileOf(service, job)).toString('latin1');
      expect(text).toContain(`Image CFG scale: ${name === 'p2p_ddim' ? 1.5 : 1.2}`);
      expect(text).not.toContain('Denoising strength');
      expect(text).toContain('compositeWithTrainedAlgorithmicMedia');
    }
  });

  it('asks two questions where the picture is followed no further than it is, and one without guidance', async () => {
    const fields = { ...edit, prompt: 'a cat', negative_prompt: 'rain', seed: 4, steps: 4 };
    // What is asked at a scale just above 1 comes close to that.
    const [at, near] = [
      await draw({ ...fields, image_guidance_scale: 1 }),
      await draw({ ...fields, image_guidance_scale: 1.0001 }),
    ];
    expect(maxAbsDifference((await pictureOf(at)).data, (await pictureOf(near)).data)).toBeLessThanOrEqual(2);
    const off = await draw({ ...fields, guidance_scale: 1 });
    expect(off.outputs[0]!.sha256).not.toBe(at.outputs[0]!.sha256);
  });

  it('of SDXL is shown the picture in channels of its own', async () => {
    // Its channels for the picture do nothing: it draws what the model without them does.
    const fields = { prompt: 'a cat', negative_prompt: 'rain', seed: 4, steps: 4, scheduler: 'euler' };
    const [plain, shown] = [
      await draw({ ...fields, model: 'sdxl-tiny' }),
      await draw({ ...fields, model: 'xl-edit', init_image: photo }),
    ];
    expect(maxAbsDifference((await pictureOf(plain)).data, (await pictureOf(shown)).data)).toBeLessThanOrEqual(1);
  });

  it('is refused what it lacks and what it cannot take, by the field', async () => {
    const cases: readonly (readonly [object, string, RegExp])[] = [
      [{ model: 'edit' }, 'init_image', /model edit changes a picture by words: expected init_image/],
      [{ ...edit, strength: 0.5 }, 'strength', /takes no strength: image_guidance_scale says/],
      [{ ...edit, mask_image: mask }, 'mask_image', /takes no mask_image/],
      [{ ...edit, prompt: 'a AND b' }, 'prompt', /takes one prompt/],
      [{ ...edit, image_guidance_scale: 0.5 }, 'image_guidance_scale', /1/],
      [{ model: 'sd15-tiny', image_guidance_scale: 2 }, 'image_guidance_scale', /sd15-tiny edits no picture by words/],
    ];
    for (const [fields, field, detail] of cases) {
      expect(await refusal(fields)).toMatchObject({
        code: 'invalid_request',
        field,
        detail: expect.stringMatching(detail),
      });
    }
  });
});

describe('models of every task', () => {
  it('are listed with it, and one of another is refused by name', async () => {
    const list = (await (await service.fetch('/v1/models')).json()) as {
      readonly base_models: readonly { readonly id: string; readonly task: string }[];
      readonly rejected: readonly { readonly id: string; readonly detail: string }[];
    };
    const tasks = Object.fromEntries(list.base_models.map(({ id, task }) => [id, task]));
    expect(tasks).toMatchObject({
      'sd15-tiny': 'drawing',
      'inpaint-tiny': 'inpainting',
      'xl-inpaint': 'inpainting',
      edit: 'editing',
      'xl-edit': 'editing',
    });
    expect(list.rejected.find(({ id }) => id === 'depth')?.detail).toMatch(
      /takes 5 channels.*a depth model is not supported/,
    );
  });

  it('share batches with those of their own, and each draws what it draws alone', async () => {
    const requests = [
      { ...inpaint, prompt: 'a cat', seed: 1, steps: 20 },
      { ...inpaint, prompt: 'a dog BREAK a cat', seed: 2, steps: 24, scheduler: 'euler_a', strength: 1 },
      { model: 'inpaint-tiny', prompt: 'a house', seed: 3, steps: 20, variation: { seed: 9, strength: 0.5 } },
      { ...edit, prompt: 'make it red', seed: 4, steps: 20 },
      { ...edit, prompt: 'make it blue', seed: 5, steps: 24, image_guidance_scale: 1 },
      { ...edit, prompt: 'make it night', seed: 6, steps: 20, guidance_scale: 1 },
    ];
    const alone: JobView[] = [];
    for (const one of requests) alone.push(await draw(one));
    const together = await Promise.all(requests.map(async (one) => await draw(one)));
    for (const [index, job] of together.entries()) {
      const [one, other] = [await pictureOf(job), await pictureOf(alone[index]!)];
      expect(maxAbsDifference(one.data, other.data), `request ${index}`).toBeLessThanOrEqual(1);
    }
    expect(Math.max(...together.map((job) => job.mean_batch ?? 0))).toBeGreaterThan(1);
  });

  it.each([
    [9, 'inpaint-tiny', inpaint],
    [8, 'edit', edit],
  ])('take a LoRA for four channels on the first four of %i', async (_, model, fields) => {
    const asked = { ...fields, prompt: 'a cat', seed: 1, steps: 6, output: { metadata: false } };
    const [own, reference, plain] = [
      await draw({ ...asked, loras: [{ model: 'first' }] }),
      await draw({ ...asked, model: `${model}-first` }),
      await draw(asked),
    ];
    const [a, b, c] = [await pictureOf(own), await pictureOf(reference), await pictureOf(plain)];
    expect(maxAbsDifference(a.data, b.data)).toBeLessThanOrEqual(1);
    expect(maxAbsDifference(a.data, c.data)).toBeGreaterThan(8);
    expect(own.warnings).toEqual(plain.warnings);
  });
});
