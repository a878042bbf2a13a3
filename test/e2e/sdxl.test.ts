import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { bytes, goldenArrays, maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { inlinePicture, Service } from '../support/service.ts';

interface Case {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const { cases } = JSON.parse(readFileSync(smallModelPath('pipelines', 'pipelines.json'), 'utf8')) as {
  readonly cases: readonly Case[];
};
const model = 'sdxl-tiny';
const unions = smallModelPath('adapters', 'union');
const flags = ['models', 'formats'].flatMap((set) => ['--models', smallModelPath(set)]).concat('--models', unions);
const picture = readFileSync(smallModelPath('pipelines', 'cond_a.png'));
let service: Service;
beforeAll(async () => {
  service = await Service.start({ flags });
});
afterAll(async () => await service.stop());

function argsOf(name: string): Readonly<Record<string, unknown>> {
  const found = cases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`The reference ${name} is gone`);
  return found.args;
}

/** What a reference was made with, as a request says it. */
function requestFor(name: string): Readonly<Record<string, unknown>> {
  const { num_inference_steps: steps, generator: seed, num_images_per_prompt: count = 1, ...args } = argsOf(name);
  const ours = ['prompt', 'prompt_2', 'negative_prompt', 'negative_prompt_2', 'width', 'height', 'guidance_scale'];
  const same = Object.fromEntries(Object.entries(args).filter(([field]) => ours.includes(field)));
  return { ...same, model, steps, seed, count, scheduler: 'euler' };
}

async function reference(name: string): Promise<Uint8Array> {
  return bytes(goldenArrays('pipelines', `${name}.safetensors`), 'image_u8');
}

async function expectPicture(drawn: Uint8Array, name: string): Promise<void> {
  const { data } = await decodePicture(drawn);
  const expected = (await reference(name)).subarray(0, data.length);
  expect(maxAbsDifference(data, expected)).toBeLessThanOrEqual(1);
}

interface BaseModelView {
  readonly id: string;
  readonly family: { readonly context_width: number };
  readonly controlnets: readonly string[];
}

describe('SDXL over HTTP', () => {
  it('is listed with what fits it', async () => {
    const { base_models: bases } = (await (await service.fetch('/v1/models')).json()) as {
      readonly base_models: readonly BaseModelView[];
    };
    const found = bases.find(({ id }) => id === model);
    expect(found?.family.context_width).toBe(40);
    expect(found?.controlnets).toEqual(['controlnet-union', 'controlnet-union-promax', 'sdxl-tiny-a']);
    expect(bases.find(({ id }) => id === 'sd15-tiny')?.controlnets).not.toContain('sdxl-tiny-a');
  });

  it.each(['xl', 'xl_no_negative', 'xl_prompt2'])('%s is the picture that diffusers draws', async (name) => {
    const job = await service.draw({ ...requestFor(name), count: 1 });
    // Of several pictures the reference draws the noise from one generator: only the first is of this seed.
    await expectPicture(await service.picture(job), name);
  });

  it('a ControlNet steers it', async () => {
    const { image, controlnet_conditioning_scale: scale, control_guidance_end: end } = argsOf('xl_cn');
    const map = readFileSync(smallModelPath('pipelines', `${String(image).slice(1)}.png`));
    const control = { type: 'canny', model: 'sdxl-tiny-a', preprocess: false, scale, end };
    const controls = [{ ...control, image: inlinePicture(map), resize: 'stretch' }];
    await expectPicture(await service.picture(await service.draw({ ...requestFor('xl_cn'), controls })), 'xl_cn');
  });

  it.each(['xl_union_one', 'xl_union_two', 'xl_union_promax_window'])('a union steers it: %s', async (name) => {
    const { pipelines } = JSON.parse(readFileSync(join(unions, 'union.json'), 'utf8')) as {
      readonly pipelines: readonly (Case & { readonly controlnets: readonly string[] })[];
    };
    const { args, controlnets } = pipelines.find((one) => one.name === name)!;
    const types = ['openpose', 'depth', 'softedge', 'canny', 'normal', 'seg', 'tile', 'inpaint'];
    const each = (field: string): readonly unknown[] => args[field] as readonly unknown[];
    const controls = each('control_mode').map((type, i) => ({
      type: types[type as number],
      model: controlnets[0],
      preprocess: false,
      resize: 'stretch',
      scale: each('controlnet_conditioning_scale')[i],
      start: args['control_guidance_start'] ?? 0,
      end: args['control_guidance_end'] ?? 1,
      image: inlinePicture(
        readFileSync(smallModelPath('pipelines', `${String(each('control_image')[i]).slice(1)}.png`)),
      ),
    }));
    const {
      prompt,
      negative_prompt,
      width,
      height,
      guidance_scale,
      num_inference_steps: steps,
      generator: seed,
    } = args;
    const said = { prompt, negative_prompt, width, height, guidance_scale, steps, seed, scheduler: 'euler' };
    const job = await service.draw({ ...said, model, controls });
    const { data } = await decodePicture(await service.picture(job));
    const expected = goldenArrays('adapters', 'union', `${name}.safetensors`);
    expect(maxAbsDifference(data, bytes(expected, 'image_u8'))).toBeLessThanOrEqual(1);
  });

  it('a type that a union lacks is refused, with those that it has and who has it', async () => {
    const control = { type: 'tile', model: 'controlnet-union', preprocess: false, image: inlinePicture(picture) };
    const asked = { model, prompt: 'a cube', steps: 1, controls: [control] };
    await expect(service.submit(asked)).rejects.toThrow(
      /no type for tile: .* are canny, .*seg\. Choose controlnet-union-promax/,
    );
    const drawn = await service.draw({ ...asked, controls: [{ ...control, model: undefined }] });
    const chosen = { id: 'controlnet-union-promax' };
    expect(drawn).toMatchObject({ effective: { controls: [{ type: 'tile', model: chosen }] } });
  });

  it.each([
    ['mode', { mode: 'prompt' }, /expected the mode balanced of controls\[1\] too/],
    ['mask', { mask: inlinePicture(picture) }, /expected no mask/],
  ])('controls that are one run of a union have one %s', async (_, given, reason) => {
    const control = { model: 'controlnet-union', preprocess: false, image: inlinePicture(picture) };
    const controls = [
      { ...control, type: 'canny' },
      { ...control, type: 'depth', ...given },
    ];
    await expect(service.submit({ model, prompt: 'a cube', steps: 1, controls })).rejects.toThrow(reason);
  });

  it('a LoRA changes its UNet and both text encoders', async () => {
    const request = { model, prompt: 'a cube', steps: 2, seed: 1 };
    const plain = await service.draw(request);
    const shas = new Set([plain.outputs[0]?.sha256]);
    for (const scales of [{ scale: 0, text_encoder_scale: 1 }, { text_encoder_scale: 0 }, {}]) {
      const job = await service.draw({ ...request, loras: [{ model: 'lora-kohya-sdxl', ...scales }] });
      expect(job.warnings).toEqual(plain.warnings);
      shas.add(job.outputs[0]?.sha256);
    }
    expect(shas.size).toBe(4);
    await expect(service.submit({ ...request, loras: [{ model: 'lora-kohya' }] })).rejects.toThrow(/does not fit/);
  });

  it('says what it was told, and what an absent negative prompt is', async () => {
    const job = await service.draw({ model, prompt: 'a cube', prompt_2: 'a ball', steps: 1, target_size: [512, 640] });
    expect(job).toMatchObject({
      effective: {
        prompt_2: 'a ball',
        negative_prompt: null,
        negative_prompt_2: null,
        original_size: [64, 64],
        crops_coords_top_left: [0, 0],
        target_size: [512, 640],
        negative_target_size: [512, 640],
      },
    });
    const empty = await service.draw({ model, prompt: 'a cube', negative_prompt: '', steps: 1 });
    expect(empty).toMatchObject({ effective: { negative_prompt: '', negative_prompt_2: '' } });
    expect(empty.outputs[0]?.sha256).not.toBe(
      (await service.draw({ model, prompt: 'a cube', steps: 1 })).outputs[0]?.sha256,
    );
  });

  it('requests with other sizes, prompts and negative prompts share steps and are the pictures that they are alone', async () => {
    const requests = Array.from({ length: 6 }, (_, i) => ({
      model,
      prompt: ['a red ball', 'a cube'][i % 2],
      seed: i,
      steps: 12,
      ...(i % 2 === 0 ? { original_size: [100 + i, 200], crops_coords_top_left: [i, 3] } : { prompt_2: 'at night' }),
      ...(i % 3 === 0 ? { negative_prompt: 'blurry', negative_target_size: [32, 64] } : {}),
    }));
    const together = await Promise.all(requests.map(async (request) => await service.draw(request)));
    expect(Math.max(...together.map(({ mean_batch: batch }) => batch ?? 0))).toBeGreaterThan(1);
    for (const [i, request] of requests.entries()) {
      const alone = await decodePicture(await service.picture(await service.draw(request)));
      const batched = await decodePicture(await service.picture(together[i]!));
      expect(maxAbsDifference(batched.data, alone.data)).toBeLessThanOrEqual(1);
    }
  });

  it('what it alone takes is refused elsewhere, with those that do', async () => {
    await expect(service.submit({ model: 'sd15-tiny', prompt: '', prompt_2: 'x' })).rejects.toThrow(
      /takes no prompt_2: only models of SDXL do, here sdxl-tiny/,
    );
    await expect(service.submit({ model, prompt: '', negative_prompt_2: 'x' })).rejects.toThrow(/send both/);
    await expect(service.submit({ model, prompt: '', original_size: [64] })).rejects.toThrow(/original_size/);
  });
});
