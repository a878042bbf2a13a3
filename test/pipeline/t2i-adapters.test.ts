import { afterAll, describe, expect, it } from 'vitest';
import { adapterNetworks, controlNetworks } from '../../src/device/pooled-networks.ts';
import type { AdapterModel } from '../../src/generation/models/adapter.ts';
import type { PlannedControl } from '../../src/generation/planned-control.ts';
import { stack, type Tensor } from '../../src/numeric/tensor.ts';
import { controlWeights } from '../../src/pipeline/controls/control-weights.ts';
import { prepareFeatures, sumFeatures } from '../../src/pipeline/controls/features.ts';
import { mapTensor } from '../../src/pipeline/controls/map-tensor.ts';
import type {
  FeatureControl,
  ResidualControl,
  RowControl,
  SampleControl,
} from '../../src/pipeline/controls/sample-control.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import type { PictureNetworks, SteeringSource } from '../../src/pipeline/networks/networks.ts';
import type { Region } from '../../src/pixels/region.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { openControlNetCheckpoint, openT2iAdapterCheckpoint } from '../../src/weights/checkpoint.ts';
import { describeGolden } from '../support/describe-golden.ts';
import { bytes, floats, goldenArrays, goldenJson, goldenPath, maxAbsDifference } from '../support/golden.ts';
import { drawTogether, type DrawingCase, inputPicture, largestOf, openGoldenBase, sampleOf } from './golden-drawing.ts';

const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
afterAll(async () => await pool.release());

interface AdapterCase extends DrawingCase {
  readonly adapter: string;
  readonly args: DrawingCase['args'] & {
    readonly adapter_conditioning_scale: number;
    readonly adapter_conditioning_factor?: number;
    readonly image: string;
  };
}

describeGolden(['adapters', 't2i'], () => {
  const { pipelines } = goldenJson<{ pipelines: readonly AdapterCase[] }>('adapters', 't2i', 't2i.json');
  const full = goldenJson<{ cases: readonly (Omit<AdapterCase, 'adapter'> & { readonly pipeline: string })[] }>(
    'pipelines',
    'pipelines.json',
  )
    .cases.filter(({ pipeline }) => /^StableDiffusion(?:XL)?AdapterPipeline$/.test(pipeline))
    .map((one) => ({ ...one, adapter: 'full' }));

  /** The folder of a case's adapter, and where the latents of the case are. */
  function placesOf({ adapter, model, name }: Pick<AdapterCase, 'adapter' | 'model' | 'name'>) {
    return adapter === 'full'
      ? { folder: goldenPath('models', model, 't2i_adapter'), latents: ['pipelines', `${name}.safetensors`] }
      : {
          folder: goldenPath('adapters', 't2i', `t2i-adapter-${adapter}`),
          latents: ['adapters', 't2i', `${name}.safetensors`],
        };
  }

  const networks: SteeringSource = {
    openAdapter: async ({ path }) => adapterNetworks(pool, path, await openT2iAdapterCheckpoint(path)),
    openImagePrompt: async () => await Promise.reject(new Error('no image prompt here')),
    openControlNet: async () => await Promise.reject(new Error('no ControlNet here')),
  };

  interface Asked extends Partial<Pick<PlannedControl, 'scale' | 'start' | 'end' | 'mode'>> {
    readonly region?: Region;
  }

  async function controlOf(
    path: string,
    map: RgbImage,
    base: PictureNetworks,
    { region, ...asked }: Asked = {},
  ): Promise<FeatureControl> {
    const plan: PlannedControl = {
      type: 'canny',
      model: { id: '', hash: '' },
      source: { kind: 'map', image: { key: '', sha256: '' }, data: null, madeWith: null },
      scale: 1,
      start: 0,
      end: 1,
      mode: 'balanced',
      resize: 'crop',
      ...asked,
    };
    const model: AdapterModel = {
      kind: 'adapter',
      id: '',
      title: '',
      licence: null,
      owner: null,
      hash: '',
      path,
      layout: 'diffusers',
      type: 'canny',
      cell: 8,
      features: [],
      bundledWith: null,
    };
    const inputs = { map, region: region ?? null, remarks: [] };
    return await prepareFeatures([{ index: 0, plan, model, acts: 'features', inputs }], networks, base);
  }

  const arrays = goldenArrays('adapters', 't2i', 'golden.safetensors');

  /** The pictures of a reference, [rows, 1 or 3, h, w]. */
  function mapsOf(name: string): readonly RgbImage[] {
    const [rows = 0, channels = 0, height = 0, width = 0] = arrays.get(name)!.dims;
    const values = bytes(arrays, name);
    const plane = height * width;
    return Array.from({ length: rows }, (_, row) => ({
      width,
      height,
      data: Uint8Array.from({ length: 3 * plane }, (_value, i) => {
        const channel = channels === 1 ? 0 : i % 3;
        return values[(row * channels + channel) * plane + Math.floor(i / 3)]!;
      }),
    }));
  }

  function tensorOf(name: string): Tensor {
    const { dims, data } = arrays.get(name)!;
    return { dims, data: Float32Array.from(data as ArrayLike<number>) };
  }

  describe.each(['light', 'xl'])('a T2I-Adapter (%s)', (adapter) => {
    const one = pipelines.find((candidate) => candidate.adapter === adapter)!;
    const { folder } = placesOf(one);
    const maps = mapsOf(`${adapter}/cond_u8`);

    it('gives the features that diffusers computes', async () => {
      const { base } = await openGoldenBase(pool, one.model);
      const controls = await Promise.all(maps.map(async (map) => await controlOf(folder, map, base)));
      const references = [...arrays.keys()].filter((name) => name.startsWith(`${adapter}/feature.`));
      expect(references.length).toBe(controls[0]!.features.length);
      for (const [level, name] of references.toSorted().entries()) {
        const made = controls.map(({ features }) => features[level]!);
        const both = stack(
          made.map(({ data }) => data),
          made[0]!.dims.slice(1),
        );
        expect(both.dims).toEqual(arrays.get(name)!.dims);
        expect(maxAbsDifference(both.data, floats(arrays, name)), name).toBeLessThanOrEqual(5e-5);
      }
    });

    it.each([0, 0.5, 1])('steers the UNet as in diffusers, by %d', async (scale) => {
      const { base } = await openGoldenBase(pool, one.model);
      const acting = (await Promise.all(maps.map(async (map) => await controlOf(folder, map, base, { scale })))).map(
        (control) => [{ control, weights: control.weights.prompt, role: 'prompt' as const }],
      );
      const added = arrays.has(`${adapter}/time_ids`)
        ? { text_embeds: tensorOf(`${adapter}/text_embeds`), time_ids: tensorOf(`${adapter}/time_ids`) }
        : {};
      const input = {
        sample: tensorOf(`${adapter}/sample`),
        timestep: tensorOf(`${adapter}/timestep`),
        conditioning: { context: tensorOf(`${adapter}/encoder_hidden_states`), ...added },
      };
      const source = { base: () => base, control: () => Promise.reject(new Error('none')) as never };
      const steering = (scale === 0 ? [[], []] : acting).map((controls) => ({ controls, kept: [] }));
      const evaluation = { base: one.model, input, steering, branches: [[], []] };
      const { prediction: out } = await splitNetworks(source).evaluate(evaluation);
      const name = scale === 0 ? 'base' : scale.toFixed(1);
      expect(maxAbsDifference(out.data, floats(arrays, `${adapter}/unet/${name}`))).toBeLessThanOrEqual(5e-5);
    });
  });

  describe('drawing with T2I-Adapters', () => {
    it.each([...full, ...pipelines])('draws $name as diffusers does, alone and beside one without it', async (one) => {
      const golden = await openGoldenBase(pool, one.model);
      const { folder, latents } = placesOf(one);
      const { adapter_conditioning_scale: scale, adapter_conditioning_factor: end = 1, image } = one.args;
      const control = await controlOf(folder, inputPicture(image), golden.base, { scale, end });
      const steered = await sampleOf(one, golden, [control]);
      const [free, alone] = [await sampleOf(one, golden, []), await sampleOf(one, golden, [])];
      await drawTogether(golden, [steered, free]);
      await drawTogether(golden, [alone]);
      const expected = floats(goldenArrays(...latents), 'final_latents');
      const largest = largestOf(expected);
      expect(maxAbsDifference(steered.state.latents, expected)).toBeLessThanOrEqual(1e-4 * largest);
      expect(maxAbsDifference(free.state.latents, alone.state.latents)).toBeLessThanOrEqual(1e-5 * largest);
      expect(maxAbsDifference(free.state.latents, expected)).toBeGreaterThan(1e-2 * largest);
    });
  });

  describe('a T2I-Adapter among other controls', () => {
    const one = full[0]!;
    const { folder } = placesOf(one);
    const map = inputPicture(one.args.image);
    const draw = async (controls: readonly SampleControl[], beside: readonly (readonly SampleControl[])[] = []) => {
      const golden = await openGoldenBase(pool, one.model);
      const checkpoint = await openControlNetCheckpoint(goldenPath('models', one.model, 'controlnet-a'));
      const controlNet = controlNetworks(pool, `${one.model}/controlnet-a`, checkpoint);
      const samples = await Promise.all([controls, ...beside].map(async (own) => await sampleOf(one, golden, own)));
      await drawTogether(golden, samples, () => controlNet);
      return samples[0]!.state.latents;
    };
    const feature = async (asked: Asked): Promise<FeatureControl> =>
      await controlOf(folder, map, (await openGoldenBase(pool, one.model)).base, asked);
    const residual = async (): Promise<ResidualControl> => {
      const { base } = await openGoldenBase(pool, one.model);
      const checkpoint = await openControlNetCheckpoint(goldenPath('models', one.model, 'controlnet-a'));
      const hint = await controlNetworks(pool, `${one.model}/controlnet-a`, checkpoint).encodeHint(mapTensor(map));
      return {
        acts: 'residuals',
        network: 'controlnet-a',
        every: 1,
        hint: hint.data,
        start: 0,
        end: 1,
        weights: controlWeights('balanced', 1, base.injectionPoints),
        inputs: { map, region: null, remarks: [] },
      };
    };

    it('draws the same beside a ControlNet in its own job whatever other samples are in the batch', async () => {
      const both = [await feature({ scale: 0.7 }), await residual()];
      const alone = await draw(both);
      const beside = await draw(both, [[], [await feature({ mode: 'control' })], [await residual()]]);
      const largest = largestOf(alone);
      expect(maxAbsDifference(beside, alone)).toBeLessThanOrEqual(1e-5 * largest);
      expect(maxAbsDifference(await draw([both[0]!]), alone)).toBeGreaterThan(1e-2 * largest);
      expect(maxAbsDifference(await draw([both[1]!]), alone)).toBeGreaterThan(1e-2 * largest);
    });

    it('adds up with another of its kind', async () => {
      const half = await feature({ scale: 0.5 });
      const [twice, once] = [await draw([half, half]), await draw([await feature({ scale: 1 })])];
      expect(maxAbsDifference(twice, once)).toBeLessThanOrEqual(1e-5 * largestOf(once));
    });

    it('acts within its window alone', async () => {
      const never = await feature({ start: 0.3, end: 0.31 });
      expect(await draw([never])).toEqual(await draw([]));
    });

    it('acts within its region alone: what is black there is as if it had no features', async () => {
      const levels = new Uint8Array(map.width * map.height);
      for (let y = 0; y < map.height; y++) levels.fill(255, y * map.width, y * map.width + map.width / 2);
      const { base } = await openGoldenBase(pool, one.model);
      const added = (control: FeatureControl): Tensor => {
        const acting: RowControl<FeatureControl> = { control, weights: control.weights.prompt, role: 'prompt' };
        return sumFeatures([[acting]], base)[0]!;
      };
      const left = added(await feature({ region: { width: map.width, height: map.height, levels } }));
      const everywhere = added(await feature({}));
      const [, channels = 0, height = 0, width = 0] = left.dims;
      for (let i = 0; i < channels * height * width; i++) {
        expect(left.data[i]! + 0).toBe(i % width < width / 2 ? everywhere.data[i]! : 0);
      }
    });

    it('weighs its deepest features most where the prompt is more important', async () => {
      const { weights } = await feature({ mode: 'prompt' });
      expect([...weights.prompt].map((weight) => Number(weight.toFixed(3)))).toEqual([0.25, 0.62, 0.825, 1]);
      expect(weights.others).toEqual(weights.prompt);
      expect((await feature({ mode: 'control' })).weights.others).toBeNull();
    });
  });
});
