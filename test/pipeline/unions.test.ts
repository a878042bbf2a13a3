import { afterAll, describe, expect, it } from 'vitest';
import { conditionOf, conditionRows } from '../../src/conditions/registry.ts';
import { controlNetworks } from '../../src/device/pooled-networks.ts';
import type { ControlNetModel } from '../../src/generation/models/controlnet.ts';
import type { PlannedControl } from '../../src/generation/planned-control.ts';
import { row, type Tensor } from '../../src/numeric/tensor.ts';
import type { ControlWork } from '../../src/pipeline/controls/control-work.ts';
import { groupsOf } from '../../src/pipeline/controls/kinds.ts';
import { prepareResiduals, sumResiduals } from '../../src/pipeline/controls/residuals.ts';
import { actingControls, type ResidualControl } from '../../src/pipeline/controls/sample-control.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import type {
  ControlNetworks,
  DenoiserInput,
  PictureNetworks,
  SteeringSource,
} from '../../src/pipeline/networks/networks.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { describeGolden } from '../support/describe-golden.ts';
import { bytes, floats, goldenArrays, goldenJson, goldenPath, maxAbsDifference } from '../support/golden.ts';
import { drawTogether, type DrawingCase, inputPicture, largestOf, openGoldenBase, sampleOf } from './golden-drawing.ts';

const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 2 }, 2 ** 30);
afterAll(async () => await pool.release());

interface UnionCase {
  readonly case: number;
  readonly net: string;
  readonly types: readonly number[];
  readonly images: readonly string[];
  readonly scales: readonly number[];
  readonly guess: boolean;
}

interface UnionPipeline extends DrawingCase {
  readonly controlnets: readonly [string];
  readonly args: DrawingCase['args'] & {
    readonly control_mode: readonly number[];
    readonly controlnet_conditioning_scale: readonly number[];
    readonly control_guidance_start?: number;
    readonly control_guidance_end?: number;
    readonly control_image: readonly string[];
  };
}

describeGolden(['adapters', 'union'], () => {
  const { cases, pipelines } = goldenJson<{ cases: readonly UnionCase[]; pipelines: readonly UnionPipeline[] }>(
    'adapters',
    'union',
    'union.json',
  );
  const arrays = goldenArrays('adapters', 'union', 'golden.safetensors');
  const opened = new Map<string, ControlNetworks>();

  const source: SteeringSource = {
    openAdapter: async () => await Promise.reject(new Error('no adapter here')),
    openImagePrompt: async () => await Promise.reject(new Error('no image prompt here')),
    async openControlNet({ path }, type) {
      const known = opened.get(path);
      const networks = known ?? controlNetworks(pool, path, await openControlNetCheckpoint(path));
      opened.set(path, networks);
      return { key: path, networks, unionType: conditionOf(type).unionType ?? null };
    },
  };

  const control = (key: string): ControlNetworks => opened.get(key)!;

  /** The id of a condition of that type. */
  function conditionOfType(type: number): string {
    return conditionRows.find(({ unionType }) => unionType === type)!.id;
  }

  interface Asked extends Partial<Pick<PlannedControl, 'scale' | 'start' | 'end' | 'mode'>> {
    readonly type: number;
    readonly map: RgbImage;
    readonly masked?: Uint8Array;
  }

  function worksOf(net: string, asked: readonly Asked[]): readonly ControlWork<ControlNetModel>[] {
    return asked.map(({ type, map, masked, ...others }, index) => {
      const plan: PlannedControl = {
        type: conditionOfType(type),
        model: { id: net, hash: '' },
        source: { kind: 'map', image: { key: '', sha256: '' }, data: null, madeWith: null },
        scale: 1,
        start: 0,
        end: 1,
        mode: 'balanced',
        resize: 'crop',
        ...others,
      };
      const model: ControlNetModel = {
        kind: 'controlnet',
        id: net,
        title: '',
        licence: null,
        owner: null,
        hash: '',
        path: goldenPath('adapters', 'union', net),
        layout: 'diffusers',
        family: { name: 'other', contextWidth: 0, latentChannels: 4, blockChannels: [], layersPerBlock: 2 },
        type: null,
        unionTypes: goldenJson<{ num_control_type: number }>('adapters', 'union', net, 'config.json').num_control_type,
        changes: null,
        bundledWith: null,
      };
      const inputs = { map: masked === undefined ? map : { ...map, masked }, region: null, remarks: [] };
      return { index, plan, model, acts: 'residuals' as const, inputs };
    });
  }

  async function controlsOf(net: string, base: PictureNetworks, asked: readonly Asked[]): Promise<ResidualControl> {
    const works = worksOf(net, asked);
    expect(groupsOf(works)).toEqual([works]);
    return await prepareResiduals(works, source, base);
  }

  function tensorOf(name: string): Tensor {
    const { dims, data } = arrays.get(name)!;
    return { dims, data: Float32Array.from(data as ArrayLike<number>, Number) };
  }

  /** Picture `row` of a reference [rows, 3, h, w]. */
  function mapOf(name: string, index: number): RgbImage {
    const [, , height = 0, width = 0] = arrays.get(name)!.dims;
    const plane = height * width;
    const values = bytes(arrays, name).subarray(3 * plane * index, 3 * plane * (index + 1));
    return {
      width,
      height,
      data: Uint8Array.from({ length: 3 * plane }, (_, i) => values[(i % 3) * plane + Math.floor(i / 3)]!),
    };
  }

  const whole: DenoiserInput = {
    sample: tensorOf('sample'),
    timestep: tensorOf('timestep'),
    conditioning: {
      context: tensorOf('encoder_hidden_states'),
      text_embeds: tensorOf('text_embeds'),
      time_ids: tensorOf('time_ids'),
    },
  };
  const rows = whole.sample.dims[0] ?? 0;
  const model = pipelines[0]!.model;

  /** What each row of a case is steered by: its own pictures, in a batch of rows. */
  async function steeringOf({ net, types, images, scales, guess }: UnionCase, base: PictureNetworks) {
    const controls = Array.from({ length: rows }, async (_, index) => {
      const asked = types.map((type, i) => ({
        type,
        map: mapOf(`cond_${images[i]}_u8`, (arrays.get(`cond_${images[i]}_u8`)!.dims[0] ?? 1) > 1 ? index : 0),
        scale: scales[i]!,
        mode: guess ? ('guess' as const) : ('balanced' as const),
      }));
      const one = await controlsOf(net, base, asked);
      return [{ control: one, weights: one.weights.prompt, role: 'prompt' as const }];
    });
    return await Promise.all(controls);
  }

  describe('a union ControlNet', () => {
    it.each(cases)(
      'gives the residuals of case $case as diffusers does: $net, types $types by $scales',
      async (one) => {
        const { base } = await openGoldenBase(pool, model);
        const steering = await steeringOf(one, base);
        const networks = { base: () => base, control };
        const residuals = await sumResiduals(steering, whole, base, networks);
        const references = [...arrays.keys()].filter((name) => name.startsWith(`${one.case}/`));
        expect(references.length).toBeGreaterThan(3);
        for (const name of references) {
          if (name.endsWith('/unet_out')) continue;
          const point = name.endsWith('/mid') ? residuals.length - 1 : Number(/down\.(\d+)$/.exec(name)![1]);
          expect(maxAbsDifference(residuals[point]!.data, floats(arrays, name)), name).toBeLessThanOrEqual(2e-4);
        }
        const { prediction } = await splitNetworks(networks).evaluate({
          base: model,
          input: whole,
          steering: steering.map((controls) => ({ controls, kept: [] })),
          branches: steering.map(() => []),
        });
        expect(maxAbsDifference(prediction.data, floats(arrays, `${one.case}/unet_out`))).toBeLessThanOrEqual(1e-4);
      },
    );

    it('takes rows of other types, and of several, in one run', async () => {
      const { base } = await openGoldenBase(pool, model);
      const networks = { base: () => base, control };
      const [first, several] = [cases[0]!, cases.find(({ types, net }) => types.length > 1 && net === cases[0]!.net)!];
      const [a, b] = [await steeringOf(first, base), await steeringOf(several, base)];
      const mixed = await sumResiduals([a[0]!, b[1]!], whole, base, networks);
      for (const [point, reference] of (await sumResiduals(a, whole, base, networks)).entries()) {
        expect(maxAbsDifference(row(mixed[point]!, 0), row(reference, 0))).toBeLessThanOrEqual(2e-5);
      }
      for (const [point, reference] of (await sumResiduals(b, whole, base, networks)).entries()) {
        expect(maxAbsDifference(row(mixed[point]!, 1), row(reference, 1))).toBeLessThanOrEqual(2e-5);
      }
    });

    it.each(pipelines)('draws $name as diffusers does, alone and beside one without it', async (one) => {
      const golden = await openGoldenBase(pool, one.model);
      const { control_mode: types, control_image: images, controlnet_conditioning_scale: scales } = one.args;
      const { control_guidance_start: start = 0, control_guidance_end: end = 1 } = one.args;
      const asked = types.map((type, i) => ({
        type,
        map: inputPicture(images[i]!),
        scale: scales[i]!,
        start,
        end,
      }));
      const steered = await sampleOf(one, golden, [await controlsOf(one.controlnets[0], golden.base, asked)]);
      const free = await sampleOf(one, golden, []);
      await drawTogether(golden, [steered, free], control);
      const expected = floats(goldenArrays('adapters', 'union', `${one.name}.safetensors`), 'final_latents');
      const largest = largestOf(expected);
      expect(maxAbsDifference(steered.state.latents, expected)).toBeLessThanOrEqual(1e-4 * largest);
      expect(maxAbsDifference(free.state.latents, expected)).toBeGreaterThan(1e-2 * largest);
    });

    it('is given, while the window of one of several is closed, its type with a scale of 0', async () => {
      const { base } = await openGoldenBase(pool, model);
      const map = inputPicture('@cond_a');
      const [first, second] = [
        { type: 1, map, scale: 0.6 },
        { type: 3, map: inputPicture('@cond_b'), scale: 1.1 },
      ];
      const net = cases[0]!.net;
      const both = await controlsOf(net, base, [first, { ...second, start: 0.5 }]);
      const weights = both.weights.prompt;
      const at = (index: number) =>
        actingControls([{ control: both, weights, role: 'prompt' }], index, 4)[0]?.control as ResidualControl;
      expect(at(2)).toBe(both);
      expect(at(0)).toBe(at(1));
      const without = await controlsOf(net, base, [first, { ...second, scale: 0 }]);
      expect(at(0).types).toEqual(without.types);
      expect(maxAbsDifference(at(0).hint, without.hint)).toBeLessThanOrEqual(1e-6);
      expect(maxAbsDifference(at(0).hint, both.hint)).toBeGreaterThan(1e-2);
      const never = await controlsOf(net, base, [
        { ...first, end: 0.5 },
        { ...second, end: 0.25 },
      ]);
      expect(actingControls([{ control: never, weights, role: 'prompt' }], 3, 4)).toEqual([]);
    });

    it('sees what is masked as black, whatever lies beneath', async () => {
      const { base } = await openGoldenBase(pool, model);
      const map = inputPicture('@cond_a');
      const masked = new Uint8Array(map.width * map.height);
      masked.fill(1, 0, masked.length / 2);
      const black = { ...map, data: map.data.map((value, i) => (masked[Math.floor(i / 3)] === 1 ? 0 : value)) };
      const net = 'controlnet-union-promax';
      const [one, other] = [
        await controlsOf(net, base, [{ type: 7, map, masked }]),
        await controlsOf(net, base, [{ type: 7, map: black }]),
      ];
      expect(one.hint).toEqual(other.hint);
    });
  });
});
