import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { controlNetworks, imagePromptNetworks } from '../../src/device/pooled-networks.ts';
import type { PlannedControl } from '../../src/generation/planned-control.ts';
import type { ImageEncoderModel } from '../../src/generation/models/image-encoder.ts';
import type { IpAdapterModel } from '../../src/generation/models/ip-adapter.ts';
import { buildImageEncoder, buildIpAdapter } from '../../src/graph/compiler/index.ts';
import { clipView } from '../../src/images/see-picture.ts';
import { decodePicture } from '../../src/images/decode.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { controlWeights, weightsOn } from '../../src/pipeline/controls/control-weights.ts';
import { canShareImages, normalised, prepareImageTokens } from '../../src/pipeline/controls/image-tokens.ts';
import { mapTensor } from '../../src/pipeline/controls/map-tensor.ts';
import type { ImageTokenControl, RowControl, SampleControl } from '../../src/pipeline/controls/sample-control.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import type { SteeringSource } from '../../src/pipeline/networks/networks.ts';
import { besideEachOther } from '../../src/pixels/beside-each-other.ts';
import type { Region } from '../../src/pixels/region.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { openImageEncoder } from '../../src/weights/layouts/image-encoder.ts';
import { openIpAdapterFile } from '../../src/weights/layouts/ip-adapter-file.ts';
import { runOnce } from '../graph/golden-model.ts';
import { describeGolden } from '../support/describe-golden.ts';
import { bytes, floats, goldenArrays, goldenJson, goldenPath, maxAbsDifference } from '../support/golden.ts';
import { drawTogether, type DrawingCase, inputPicture, largestOf, openGoldenBase, sampleOf } from './golden-drawing.ts';

const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
afterAll(async () => await pool.release());

interface ImagePromptCase extends DrawingCase {
  readonly controlnets: readonly string[];
  readonly ip: {
    readonly adapters: readonly string[];
    readonly scales: readonly number[];
    readonly pictures: readonly (readonly string[])[];
  };
  readonly args: DrawingCase['args'] & {
    readonly image?: string;
    readonly controlnet_conditioning_scale?: number;
  };
}

describeGolden(['adapters', 'ip_adapter'], () => {
  const { adapters, cases } = goldenJson<{
    adapters: Readonly<
      Record<string, { readonly checkpoint: string; readonly tower: 'A' | 'B'; readonly plus: boolean }>
    >;
    cases: readonly ImagePromptCase[];
  }>('adapters', 'ip_adapter', 'pipelines.json');
  const names = Object.keys(adapters);
  const towers = { A: 'image_encoder', B: 'image_encoder_xl' } as const;
  const pictures = ['square', 'wide'] as const;

  const arrays = goldenArrays('adapters', 'ip_adapter', 'golden.safetensors');
  const path = (...parts: readonly string[]): string => goldenPath('adapters', 'ip_adapter', ...parts);
  const towerOf = async (tower: 'A' | 'B') => await openImageEncoder(path(towers[tower]));
  const adapterOf = async (name: string) => await openIpAdapterFile(path(`${name}.safetensors`));

  function tensorOf(name: string): Tensor {
    const { dims, data } = arrays.get(name)!;
    return { dims, data: Float32Array.from(data as ArrayLike<number>) };
  }

  const networks: SteeringSource = {
    openAdapter: async () => await Promise.reject(new Error('no T2I-Adapter here')),
    openControlNet: async () => await Promise.reject(new Error('no ControlNet here')),
    async openImagePrompt({ id }) {
      const { tower } = adapters[id]!;
      const keys = { adapter: id, encoder: tower };
      return imagePromptNetworks(pool, keys, await adapterOf(id), await towerOf(tower));
    },
  };

  async function pictureOf(name: string, size: number): Promise<RgbImage> {
    return clipView(await decodePicture(readFileSync(path(`${name}.png`))), size);
  }

  interface Asked extends Partial<Pick<PlannedControl, 'scale' | 'start' | 'end'>> {
    readonly region?: Region;
  }

  async function controlOf(
    adapter: string,
    shown: readonly string[],
    { region, ...asked }: Asked = {},
  ): Promise<ImageTokenControl> {
    const { encoder } = await towerOf(adapters[adapter]!.tower);
    const seen = await Promise.all(shown.map(async (name) => await pictureOf(name, encoder.config.imageSize)));
    const plan = { scale: 1, start: 0, end: 1, ...asked } as PlannedControl;
    const inputs = { map: besideEachOther(seen), region: region ?? null, remarks: [] };
    const model = { id: adapter } as IpAdapterModel;
    const work = { index: 0, plan, model, encoder: {} as ImageEncoderModel, acts: 'imageTokens', inputs } as const;
    return await prepareImageTokens([work], networks);
  }

  describe('how an image encoder sees a picture', () => {
    it.each(pictures)('is what transformers makes of %s, resized and cut', async (name) => {
      const { data } = await pictureOf(name, 224);
      const expected = bytes(goldenArrays('adapters', 'ip_adapter', 'pre_224.safetensors'), name);
      expect(data.length).toBe(expected.length);
      expect(maxAbsDifference(Float32Array.from(data), Float32Array.from(expected))).toBeLessThanOrEqual(2);
      expect(data.filter((value, i) => value === expected[i]).length).toBeGreaterThanOrEqual(0.99 * data.length);
    });

    it('is the middle, whatever lies beside it', () => {
      const wide = { width: 200_000, height: 1, data: new Uint8Array(600_000).fill(7) };
      expect(clipView(wide, 224)).toEqual({ width: 224, height: 224, data: new Uint8Array(3 * 224 ** 2).fill(7) });
    });

    it.each(pictures)('is normalised as CLIP takes %s', async (name) => {
      const reference = tensorOf(`clip/${name}/pixel_values`);
      const values = normalised(await pictureOf(name, reference.dims[3]!));
      expect(values.dims).toEqual(reference.dims);
      // Two levels, the most that resizing may differ by.
      expect(maxAbsDifference(values.data, reference.data)).toBeLessThanOrEqual(2 / 255 / 0.26 + 1e-6);
    });
  });

  describe.each(['A', 'B'] as const)('the image encoder %s', (tower) => {
    it.each([...pictures, 'zeros'])('makes of %s what transformers does', async (name) => {
      const { encoder } = await towerOf(tower);
      const { imageSize } = encoder.config;
      const pixels =
        name === 'zeros'
          ? { dims: [1, 3, imageSize, imageSize], data: new Float32Array(3 * imageSize ** 2) }
          : tensorOf(`clip/${name}/pixel_values`);
      const { embeds, hidden } = await runOnce(buildImageEncoder(encoder), { pixels });
      for (const [output, reference] of [[embeds, 'image_embeds'] as const, [hidden, 'hidden'] as const]) {
        const expected = tensorOf(`clip/${tower}/${name}/${reference}`);
        expect(output?.dims).toEqual(expected.dims);
        expect(maxAbsDifference(output!.data, expected.data)).toBeLessThanOrEqual(5e-5);
      }
    });
  });

  describe.each(names)('%s', (name) => {
    const { tower, plus, checkpoint } = adapters[name]!;
    const told = `clip/${tower}`;

    it.each([...pictures, 'uncond'])('makes tokens of %s as diffusers does', async (picture) => {
      const { adapter } = await adapterOf(name);
      const seen = picture === 'uncond' ? 'zeros' : picture;
      const embeds = tensorOf(`${told}/${seen}/image_embeds`);
      const nothing = { dims: embeds.dims, data: new Float32Array(embeds.data.length) };
      const given = plus ? tensorOf(`${told}/${seen}/hidden`) : picture === 'uncond' ? nothing : embeds;
      const { tokens } = await runOnce(buildIpAdapter(adapter, { length: given.dims[1]! }), { picture: given });
      const expected = tensorOf(`tokens/${name}/${picture}`);
      expect(tokens?.dims).toEqual(expected.dims);
      expect(maxAbsDifference(tokens!.data, expected.data)).toBeLessThanOrEqual(5e-5);
    });

    const references = [...arrays.keys()].flatMap((key) => {
      const [, own, shown = '', scale] = /^unet\/([^/]+)\/([^/]+)\/([\d.]+)$/.exec(key) ?? [];
      return own === name ? [{ key, shown: shown.split('+'), scale: Number(scale) }] : [];
    });

    it.each(references)('acts on the UNet as in diffusers: $key', async ({ key, shown, scale }) => {
      const control = await controlOf(name, shown);
      const out = await evaluated(name, checkpoint, [{ control, scale }]);
      expect(maxAbsDifference(out.data, floats(arrays, key))).toBeLessThanOrEqual(5e-5);
    });
  });

  /** The prediction for the inputs of an adapter's references: a row without the prompt and one with it. */
  async function evaluated(
    name: string,
    checkpoint: string,
    acting: readonly { readonly control: ImageTokenControl; readonly scale: number }[],
  ): Promise<Tensor> {
    const { base } = await openGoldenBase(pool, checkpoint);
    const given = (part: string): Tensor => tensorOf(`unet/${name}/${part}`);
    const added = arrays.has(`unet/${name}/time_ids`)
      ? { text_embeds: given('text_embeds'), time_ids: given('time_ids') }
      : {};
    const conditioning = { context: given('encoder_hidden_states'), ...added };
    const steering = (['negative', 'prompt'] as const).map((role) => ({
      controls: acting.map(({ control, scale }) => ({ control, weights: Float32Array.of(scale), role })),
      kept: [],
    }));
    const input = { sample: given('sample'), timestep: given('timestep'), conditioning };
    const source = { base: () => base, control: () => Promise.reject(new Error('none')) as never };
    const { prediction } = await splitNetworks(source).evaluate({
      base: checkpoint,
      input,
      steering,
      branches: [[], []],
    });
    return prediction;
  }

  describe('several IP-Adapters at once', () => {
    it('add up as in diffusers', async () => {
      const acting = [
        { control: await controlOf('ip-adapter_sd15', ['square']), scale: 0.6 },
        { control: await controlOf('ip-adapter-plus_sd15', ['wide']), scale: 0.4 },
      ];
      const out = await evaluated('ip-adapter-plus_sd15', 'sd15-tiny', acting);
      expect(maxAbsDifference(out.data, floats(arrays, 'unet/basic+plus/out'))).toBeLessThanOrEqual(5e-5);
    });
  });

  describe('drawing with image prompts', () => {
    it.each(cases)('draws $name as diffusers does, alone and beside one without it', async (one) => {
      const golden = await openGoldenBase(pool, one.model);
      const { adapters: own, scales, pictures: shown } = one.ip;
      const prompts = own.map(async (name, i) => await controlOf(name, shown[i]!, { scale: scales[i]! }));
      const controls: SampleControl[] = await Promise.all(prompts);
      const [controlNet] = await Promise.all(
        one.controlnets.map(async (name) => {
          const folder = goldenPath('models', one.model, name);
          return controlNetworks(pool, `${one.model}/${name}`, await openControlNetCheckpoint(folder));
        }),
      );
      if (controlNet !== undefined) {
        const map = inputPicture(one.args.image!);
        controls.push({
          acts: 'residuals',
          network: 'controlnet',
          every: 1,
          hint: (await controlNet.encodeHint(mapTensor(map))).data,
          start: 0,
          end: 1,
          weights: controlWeights('balanced', one.args.controlnet_conditioning_scale!, golden.base.injectionPoints),
          inputs: { map, region: null, remarks: [] },
        });
      }
      const steered = await sampleOf(one, golden, controls);
      const [free, alone] = [await sampleOf(one, golden, []), await sampleOf(one, golden, [])];
      await drawTogether(golden, [steered, free], () => controlNet!);
      await drawTogether(golden, [alone]);
      const expected = floats(goldenArrays('adapters', 'ip_adapter', `${one.name}.safetensors`), 'final_latents');
      const largest = largestOf(expected);
      expect(maxAbsDifference(steered.state.latents, expected)).toBeLessThanOrEqual(1e-4 * largest);
      expect(maxAbsDifference(free.state.latents, alone.state.latents)).toBeLessThanOrEqual(1e-5 * largest);
      expect(maxAbsDifference(free.state.latents, expected)).toBeGreaterThan(1e-2 * largest);
    });
  });

  describe('rows of other requests', () => {
    const name = 'ip-adapter_sd15';
    const size = [9, 10] as const;
    const sample = { dims: [2, 4, ...size], data: Float32Array.from({ length: 2 * 4 * 90 }, (_, i) => Math.sin(i)) };
    const given = (part: string): Tensor => tensorOf(`unet/${name}/${part}`);
    const input = { sample, timestep: given('timestep'), conditioning: { context: given('encoder_hidden_states') } };
    const evaluate = async (own: SessionPool, controls: readonly (readonly RowControl[])[]): Promise<Tensor> => {
      const { base } = await openGoldenBase(own, 'sd15-tiny');
      const source = { base: () => base, control: () => Promise.reject(new Error('none')) as never };
      const steering = controls.map((own) => ({ controls: own, kept: [] }));
      const evaluation = { base: 'sd15-tiny', input, steering, branches: [[], []] };
      return (await splitNetworks(source).evaluate(evaluation)).prediction;
    };
    const acting = (control: ImageTokenControl, role: 'prompt' | 'negative'): RowControl => {
      return { control, weights: control.weights.prompt, role };
    };
    const region = (level: (x: number) => number): Region => {
      const [width, height] = [8 * size[1], 8 * size[0]];
      return { width, height, levels: Uint8Array.from({ length: width * height }, (_, i) => level(i % width)) };
    };

    it('are bit for bit what they are without any, by a network that takes image prompts too', async () => {
      const plain = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
      const both = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
      try {
        const control = await controlOf(name, ['square']);
        const without = await evaluate(plain, [[], []]);
        const beside = await evaluate(both, [[], [acting(control, 'prompt')]]);
        // The network for image prompts is the one that is loaded.
        expect((await evaluate(both, [[], []])).data).toEqual(without.data);
        const row = beside.data.length / 2;
        expect(maxAbsDifference(beside.data.subarray(0, row), without.data.subarray(0, row))).toBeLessThanOrEqual(1e-5);
        expect(maxAbsDifference(beside.data.subarray(row), without.data.subarray(row))).toBeGreaterThan(1e-2);
      } finally {
        await plain.release();
        await both.release();
      }
    });

    it('wait until a network that takes image prompts is loaded again', async () => {
      const own = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
      try {
        const { base } = await openGoldenBase(own, 'sd15-tiny');
        const reloadMs = (imagePrompts: number): number => base.reloadMs([], { features: false, imagePrompts });
        await evaluate(own, [[], [acting(await controlOf(name, ['square']), 'prompt')]]);
        expect([reloadMs(0), reloadMs(1)]).toEqual([0, 0]);
        for (const key of own.keys) await own.forget(key);
        expect(reloadMs(1)).toBeGreaterThan(0);
      } finally {
        await own.release();
      }
    });

    it('attend to no picture where they do not ask for the prompt', async () => {
      const control = await controlOf(name, ['square']);
      const [prompt, negative] = [acting(control, 'prompt'), acting(control, 'negative')];
      const [out, other] = [await evaluate(pool, [[prompt], [prompt]]), await evaluate(pool, [[negative], [prompt]])];
      expect(maxAbsDifference(out.data, other.data)).toBeGreaterThan(1e-2);
    });

    it('share a run where their pictures can be brought to one length', async () => {
      const control = await controlOf(name, ['square']);
      const of = (count: number): readonly RowControl[] => {
        const tokens = { prompt: { ...control.tokens.prompt, count }, others: control.tokens.others };
        return [acting({ ...control, tokens }, 'prompt')];
      };
      expect(canShareImages([of(4), of(16), of(12), []])).toBe(true);
      expect(canShareImages([of(97), of(16), []])).toBe(false);
      expect(canShareImages([of(97), of(97), []])).toBe(true);
      // Pictures cost more than texts: 560 tokens are keys and values in every attention.
      expect([canShareImages([of(80), of(112)]), canShareImages([of(64), of(128), of(16)])]).toEqual([false, true]);
    });

    it('have image prompts within their regions alone', async () => {
      const all = await controlOf(name, ['square'], { region: region(() => 255) });
      const everywhere = await controlOf(name, ['square']);
      const left = await controlOf(name, ['square'], { region: region((x) => (x < 40 ? 255 : 0)) });
      const of = async (control: ImageTokenControl) => await evaluate(pool, [[], [acting(control, 'prompt')]]);
      const whole = await of(everywhere);
      expect(maxAbsDifference((await of(all)).data, whole.data)).toBeLessThanOrEqual(1e-6);
      expect(maxAbsDifference((await of(left)).data, whole.data)).toBeGreaterThan(1e-3);
      const nowhere = await controlOf(name, ['square'], { region: region(() => 0) });
      expect([all, nowhere].map((control) => weightsOn('prompt', control))).toEqual([Float32Array.of(1), null]);
    });
  });
});
