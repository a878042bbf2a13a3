import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { arraysOf, bytes, maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { inlinePicture, type JobView, Service } from '../support/service.ts';

interface Case {
  readonly name: string;
  readonly model: string;
  readonly controlnets: readonly string[];
  readonly ip: {
    readonly adapters: readonly string[];
    readonly scales: readonly number[];
    readonly pictures: readonly (readonly string[])[];
  };
  readonly args: Readonly<Record<string, unknown>>;
}

interface Prompt {
  readonly images: readonly unknown[] | null;
}

const adapters = smallModelPath('adapters', 'ip_adapter');
const { cases } = JSON.parse(readFileSync(join(adapters, 'pipelines.json'), 'utf8')) as {
  readonly cases: readonly Case[];
};
const shown = (name: string) => inlinePicture(readFileSync(join(adapters, `${name}.png`)));
const map = inlinePicture(readFileSync(smallModelPath('pipelines', 'cond_a.png')));
const flags = [smallModelPath('models'), adapters, smallModelPath('adapters', 't2i')].flatMap((path) => [
  '--models',
  path,
]);
let service: Service;
beforeAll(async () => {
  service = await Service.start({ flags });
});
afterAll(async () => await service.stop());

/** What a reference was made with, as a request says it. */
function requestFor({ model, args, ip, controlnets }: Case) {
  const { prompt, negative_prompt, width, height, guidance_scale, num_inference_steps: steps, generator: seed } = args;
  const prompts = ip.adapters.map((adapter, i) => ({
    type: 'image_prompt',
    model: adapter,
    scale: ip.scales[i],
    ...picturesOf(ip.pictures[i]!.map(shown)),
  }));
  const maps = controlnets.map(() => ({
    type: 'canny',
    model: `${model}-a`,
    image: map,
    preprocess: false,
    resize: 'stretch',
    scale: args['controlnet_conditioning_scale'],
  }));
  const scheduler = model.startsWith('sdxl') ? 'euler' : 'ddim';
  const controls = [...prompts, ...maps];
  return { model, prompt, negative_prompt, width, height, guidance_scale, steps, seed, scheduler, controls };
}

function picturesOf(pictures: readonly object[]) {
  return pictures.length === 1 ? { image: pictures[0] } : { images: pictures };
}

const base = { model: 'sd15-tiny', prompt: 'a cube', steps: 6, width: 64, height: 64 };
const prompt = { type: 'image_prompt', model: 'ip-adapter_sd15', image: shown('square') };

async function pixelsOf(of: Service, request: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
  return (await decodePicture(await of.picture(await of.draw(request)))).data;
}

describe('IP-Adapters over HTTP', () => {
  it('are listed with the base models and the image encoders that they fit', async () => {
    const list = (await (await service.fetch('/v1/models')).json()) as Readonly<Record<string, readonly Listed[]>>;
    interface Listed {
      readonly id: string;
      readonly base_models?: readonly string[];
      readonly image_encoders?: readonly string[];
    }
    const fits = Object.fromEntries(
      list['ip_adapters']!.map(({ id, base_models: bases, image_encoders: encoders }) => [id, { bases, encoders }]),
    );
    expect(fits['ip-adapter_sdxl']).toEqual({ bases: ['sdxl-tiny'], encoders: ['image_encoder_xl'] });
    expect(fits['ip-adapter-plus_sdxl_vit-h']).toEqual({
      bases: ['sdxl-tiny'],
      encoders: ['ip_adapter-image_encoder'],
    });
    expect(fits['ip-adapter_sd15']?.bases).toContain('sd15-tiny');
    expect(fits['ip-adapter_sd15']?.bases).not.toContain('sdxl-tiny');
    expect(list['image_encoders']!.map(({ id }) => id)).toEqual(['image_encoder_xl', 'ip_adapter-image_encoder']);
  });

  it.each(cases)('$name is the picture that diffusers draws', async (one) => {
    const job = await service.draw(requestFor(one));
    const { data } = await decodePicture(await service.picture(job));
    const expected = bytes(arraysOf(join(adapters, `${one.name}.safetensors`)), 'image_u8');
    expect(maxAbsDifference(data, expected)).toBeLessThanOrEqual(1);
    const { controls } = (job as unknown as { readonly effective: { readonly controls: readonly Prompt[] } }).effective;
    expect(controls.map(({ images }) => images?.length ?? 0).filter((count) => count > 0)).toEqual(
      one.ip.pictures.map((pictures) => pictures.length),
    );
  });

  it('draws in one batch with others what it draws alone', async () => {
    const left = inlinePicture(readFileSync(smallModelPath('pipelines', 'mask.png')));
    const asked = [
      [prompt],
      [
        { ...prompt, scale: 0.5, end: 0.5, mask: left },
        { ...prompt, model: 'ip-adapter-plus_sd15', scale: 0.4 },
      ],
      [{ type: 'image_prompt', model: 'ip-adapter-plus_sd15', images: [shown('wide'), shown('square')] }],
      [{ type: 'canny', model: 'sd15-tiny-a', image: map, preprocess: false }],
      [],
    ].map((controls, seed) => ({ ...base, steps: 12, controls, seed }));
    const together = await Promise.all(asked.map(async (request) => await service.draw(request)));
    expect(Math.max(...together.map(({ mean_batch: batch }) => batch ?? 0))).toBeGreaterThan(1);
    for (const [i, request] of asked.entries()) {
      const batched = await decodePicture(await service.picture(together[i]!));
      expect(maxAbsDifference(batched.data, await pixelsOf(service, request))).toBeLessThanOrEqual(1);
    }
    expect(new Set(together.map(({ outputs: [first] }) => first?.sha256)).size).toBe(asked.length);
  });

  it('acts beside features, merged tokens, kept deep layers and edges that meet, in one picture and in a batch', async () => {
    const features = { type: 'canny', model: 't2i-adapter-light', image: map, preprocess: false, resize: 'stretch' };
    const all = {
      ...base,
      steps: 12,
      token_merging: 0.5,
      tiling: true,
      deep_cache: { every: 2 },
      controls: [prompt, features],
    };
    const without = [
      { ...all, token_merging: 0 },
      { ...all, controls: [features] },
      { ...all, controls: [prompt] },
    ];
    const requests = [all, { ...all, deep_cache: { every: 3 } }, { ...all, tiling: false }, ...without];
    const asked = requests.map((request) => ({ seed: 1, ...request }));
    const alone: Uint8Array[] = [];
    for (const request of asked) alone.push(await pixelsOf(service, request));
    for (const other of alone.slice(1)) expect(maxAbsDifference(other, alone[0]!)).toBeGreaterThan(1);
    const together = await Promise.all(asked.map(async (request) => await pixelsOf(service, request)));
    for (const [i, own] of together.entries()) expect(maxAbsDifference(own, alone[i]!)).toBeLessThanOrEqual(1);
  });

  it('says what is seen of a picture that is no square, and shows it', async () => {
    const job = await service.draw({ ...base, controls: [{ ...prompt, image: shown('wide') }] });
    expect(job.warnings.join()).toMatch(/controls\[0\] sees the middle of its picture, 250 x 250 of 400 x 250 pixels/);
    expect(job.maps[0]).toMatchObject({ width: 56, height: 56 });
  });

  it('takes pictures as parts of a form', async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries(base)) form.set(name, String(value));
    form.set('seed', '3');
    form.set('controls', JSON.stringify([{ ...prompt, image: undefined, images: [{ part: 'one' }, { part: 'two' }] }]));
    for (const [part, name] of [['one', 'square'] as const, ['two', 'wide'] as const]) {
      form.set(part, new Blob([new Uint8Array(readFileSync(join(adapters, `${name}.png`)))]), `${name}.png`);
    }
    const answer = await service.fetch('/v1/generations', { method: 'POST', body: form });
    expect(answer.status).toBe(202);
    const job = await service.finished((await answer.json()) as JobView);
    const pictures = { ...prompt, image: undefined, images: [shown('square'), shown('wide')] };
    const again = await service.draw({ ...base, seed: 3, controls: [pictures] });
    expect(job.outputs[0]?.sha256).toBe(again.outputs[0]?.sha256);
  });

  it('acts in the passes that it says', async () => {
    const hires = { width: 96, height: 64, steps: 2 };
    const shas = new Set<string | undefined>();
    for (const passes of ['both', 'low', 'high', null]) {
      const controls = passes === null ? [] : [{ ...prompt, passes }];
      shas.add((await service.draw({ ...base, steps: 2, seed: 1, hires, controls })).outputs[0]?.sha256);
    }
    expect(shas.size).toBe(4);
  });

  it.each<[string, object, RegExp]>([
    ['of another family', { model: 'ip-adapter_sdxl' }, /does not fit the base model sd15-tiny .* Choose ip-adapter/],
    ['which one is meant', { model: undefined }, /controls\[0\]\.model to say which IP-Adapter is meant: ip-adapter/],
    ['as a ControlNet', { model: 'sd15-tiny-a' }, /is a ControlNet, which takes a map/],
    ['that is not there', { model: 'ip-adapter_sd51' }, /There is no IP-Adapter "ip-adapter_sd51"\. Did you mean/],
    ['for a map', { type: 'canny' }, /is an IP-Adapter, which takes pictures and no map/],
    ['with a mode', { mode: 'prompt' }, /Expected no controls\[0\]\.mode with the type image_prompt/],
    ['with an extractor', { preprocess: true }, /Expected no controls\[0\]\.preprocess/],
    [
      'with structure as data',
      { image: { pose: { people: [] } } },
      /Expected a picture for a control of type image_prompt/,
    ],
    ['with both', { images: [shown('wide')] }, /controls\[0\]\.image to be left out where images says/],
    ['without a picture', { image: undefined }, /Expected controls\[0\]\.image to be \{"upload_id"/],
    [
      'many of them',
      { image: undefined, images: Array.from({ length: 9 }, () => shown('wide')) },
      /controls\[0\]\.images/,
    ],
  ])('is refused %s', async (_, asked, reason) => {
    await expect(service.submit({ ...base, controls: [{ ...prompt, ...asked }] })).rejects.toThrow(reason);
  });
});
