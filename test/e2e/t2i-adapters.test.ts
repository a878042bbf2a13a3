import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { bytes, goldenArrays, maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { inlinePicture, Service } from '../support/service.ts';

interface Case {
  readonly name: string;
  readonly model: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const adapters = smallModelPath('adapters', 't2i');
const own = JSON.parse(readFileSync(join(adapters, 't2i.json'), 'utf8')) as { readonly pipelines: readonly Case[] };
const others = JSON.parse(readFileSync(smallModelPath('pipelines', 'pipelines.json'), 'utf8')) as {
  readonly cases: readonly Case[];
};
const cases = [
  {
    adapter: 'sd15-tiny-t2i_adapter',
    folder: ['pipelines'],
    ...others.cases.find(({ name }) => name === 't2i_adapter')!,
  },
  ...own.pipelines.map((one) => ({
    ...one,
    adapter: one.name.startsWith('xl') ? 't2i-adapter-xl' : 't2i-adapter-light',
    folder: ['adapters', 't2i'],
  })),
];
const picture = readFileSync(smallModelPath('pipelines', 'cond_a.png'));
const map = { preprocess: false, resize: 'stretch', image: inlinePicture(picture) } as const;
let service: Service;
beforeAll(async () => {
  service = await Service.start({ flags: ['--models', smallModelPath('models'), '--models', adapters] });
});
afterAll(async () => await service.stop());

/** What a reference was made with, as a request says it. */
function requestFor({ model, args, adapter }: (typeof cases)[number]) {
  const { prompt, negative_prompt, width, height, guidance_scale, num_inference_steps: steps, generator: seed } = args;
  const { adapter_conditioning_scale: scale, adapter_conditioning_factor: end = 1 } = args;
  const scheduler = model.startsWith('sdxl') ? 'euler' : 'ddim';
  const controls = [{ ...map, type: 'canny', model: adapter, scale, end }];
  return { model, prompt, negative_prompt, width, height, guidance_scale, steps, seed, scheduler, controls };
}

describe('T2I-Adapters over HTTP', () => {
  it('are listed with what they fit', async () => {
    const list = (await (await service.fetch('/v1/models')).json()) as Readonly<Record<string, readonly Listed[]>>;
    interface Listed {
      readonly id: string;
      readonly base_models?: readonly string[];
      readonly adapters?: readonly string[];
    }
    const fits = Object.fromEntries(list['adapters']!.map(({ id, base_models: bases }) => [id, bases]));
    expect(fits['t2i-adapter-xl']).toEqual(['sdxl-tiny']);
    expect(fits['sd15-tiny-t2i_adapter']).toContain('sd15-tiny');
    expect(fits['sd15-tiny-t2i_adapter']).not.toContain('sdxl-tiny');
    expect(list['base_models']!.find(({ id }) => id === 'sdxl-tiny')?.adapters).toEqual(['t2i-adapter-xl']);
  });

  it.each(cases)('$name is the picture that diffusers draws', async (one) => {
    const { data } = await decodePicture(await service.picture(await service.draw(requestFor(one))));
    const expected = bytes(goldenArrays(...one.folder, `${one.name}.safetensors`), 'image_u8');
    expect(maxAbsDifference(data, expected)).toBeLessThanOrEqual(1);
  });

  it('draws with a ControlNet beside it, in one batch with others, what it draws alone', async () => {
    const control = { ...map, type: 'canny' };
    const base = { model: 'sd15-tiny', prompt: 'a cube', steps: 10, width: 64, height: 64 };
    const asked = [
      [
        { ...control, model: 'sd15-tiny-t2i_adapter', scale: 0.7, mode: 'prompt' },
        { ...control, model: 'sd15-tiny-a' },
      ],
      [{ ...control, model: 't2i-adapter-light', end: 0.5, mask: inlinePicture(picture) }],
      [{ ...control, model: 'sd15-tiny-a', start: 0.2 }],
      [],
    ].map((controls, seed) => ({ ...base, controls, seed }));
    const together = await Promise.all(asked.map(async (request) => await service.draw(request)));
    expect(Math.max(...together.map(({ mean_batch: batch }) => batch ?? 0))).toBeGreaterThan(1);
    for (const [i, request] of asked.entries()) {
      const alone = await decodePicture(await service.picture(await service.draw(request)));
      const batched = await decodePicture(await service.picture(together[i]!));
      expect(maxAbsDifference(batched.data, alone.data)).toBeLessThanOrEqual(1);
    }
    expect(new Set(together.map(({ outputs: [first] }) => first?.sha256)).size).toBe(asked.length);
  });

  it('acts in the passes that it says, in each at its size', async () => {
    const hires = { width: 96, height: 64, steps: 2 };
    const request = { model: 'sd15-tiny', prompt: 'a cube', steps: 2, width: 64, height: 64, seed: 1, hires };
    const shas = new Set<string | undefined>();
    for (const passes of ['both', 'low', 'high', null]) {
      const controls = passes === null ? [] : [{ ...map, type: 'canny', model: 't2i-adapter-light', passes }];
      shas.add((await service.draw({ ...request, controls })).outputs[0]?.sha256);
    }
    expect(shas.size).toBe(4);
    const controls = [{ ...map, type: 'canny', model: 't2i-adapter-xl' }];
    const odd = { ...request, model: 'sdxl-tiny', hires: { width: 72, height: 72, steps: 1 }, controls };
    await expect(service.submit(odd)).rejects.toThrow(/hires\.width to be a multiple of 16/);
  });

  it.each([
    ['of another family', 'sd15-tiny', { model: 't2i-adapter-xl' }, {}, /does not fit the base model sd15-tiny/],
    [
      'at a size that it does not divide',
      'sdxl-tiny',
      { model: 't2i-adapter-xl' },
      { width: 72 },
      /width to be a multiple of 16/,
    ],
    [
      'with a mode of ControlNets',
      'sd15-tiny',
      { model: 't2i-adapter-light', mode: 'guess' },
      {},
      /guess is for ControlNets/,
    ],
    [
      'at every other step',
      'sd15-tiny',
      { model: 't2i-adapter-light', every: 2 },
      {},
      /left out with t2i-adapter-light but received 2: it is a T2I-Adapter, whose network runs once a pass/,
    ],
  ])('is refused %s', async (_, model, asked, size, reason) => {
    const controls = [{ ...map, type: 'canny', ...asked }];
    const request = { model, prompt: 'a cube', steps: 1, width: 64, height: 64, ...size, controls };
    await expect(service.submit(request)).rejects.toThrow(reason);
  });
});
