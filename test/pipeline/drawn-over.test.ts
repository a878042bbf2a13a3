import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { baseNetworks } from '../../src/device/pooled-networks.ts';
import { slerp } from '../../src/numeric/slerp.ts';
import { TorchGenerator } from '../../src/numeric/torch-generator.ts';
import { filled, latentsOf } from '../../src/pipeline/drawn-over.ts';
import { tensorFrom } from '../../src/pipeline/pixels.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { lastSteps, stepsOfPart } from '../../src/schedulers/part.ts';
import { schedulerIds } from '../../src/schedulers/registry.ts';
import { createScheduler } from '../../src/schedulers/create-scheduler.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';
import { openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { describeGolden } from '../support/describe-golden.ts';
import { bytes, floats, goldenArrays, goldenPath, maxAbsDifference } from '../support/golden.ts';

const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 28);
afterAll(async () => await pool.release());

describeGolden(['adapters', 'latent', 'vae.safetensors'], () => {
  describe('the latents of a picture that is drawn over', () => {
    const arrays = goldenArrays('adapters', 'latent', 'vae.safetensors');
    const [, channels = 0, height = 0, width = 0] = arrays.get('image_u8')!.dims;
    const planes = bytes(arrays, 'image_u8').subarray(0, channels * height * width);
    const picture = {
      width,
      height,
      data: Uint8Array.from({ length: planes.length }, (_, i) => planes[(i % 3) * width * height + Math.floor(i / 3)]!),
    };
    const model = 'sd15-tiny';
    const seeds = [...arrays.keys()].flatMap((name) => {
      const [of, seed = '', what] = name.split('/');
      return of === model && what === 'eps' ? [seed] : [];
    });

    it.each(seeds)('are drawn as diffusers draws them, with the seed %s', async (seed) => {
      const networks = baseNetworks(pool, model, await openBaseCheckpoint(goldenPath('models', model)));
      const { mean, logvar } = await networks.encode(tensorFrom(picture));
      const generator = new TorchGenerator(BigInt(seed));
      const normals = generator.randn(mean.dims);
      expect(maxAbsDifference(normals, floats(arrays, `${model}/${seed}/eps`))).toBeLessThanOrEqual(1e-6);
      const over = { mean: mean.data, logvar: logvar.data, scalingFactor: networks.scalingFactor, repaint: null };
      expect(maxAbsDifference(latentsOf(over, normals), floats(arrays, `${model}/${seed}/sample`))).toBeLessThanOrEqual(
        5e-5,
      );
      // The noise comes next.
      expect(maxAbsDifference(generator.randn(mean.dims), floats(arrays, `${model}/${seed}/next`))).toBeLessThanOrEqual(
        1e-6,
      );
    });
  });
});
describe('what drawing begins with where a picture is drawn anew', () => {
  const arrays = goldenArrays('adapters', 'latent', 'fill.safetensors');
  const fills = [
    ['original', 1],
    ['latent_noise', 2],
    ['latent_nothing', 3],
  ] as const;

  it.each(fills)('%s as mode %i of A1111', (fill, mode) => {
    const of = (name: string): Float32Array => floats(arrays, name);
    const actual = filled(fill, of('init'), of('noise'), of('latmask'));
    expect(maxAbsDifference(actual, of(`fill/${mode}`))).toBeLessThanOrEqual(1e-6);
  });
});

describe('the way from one noise to another', () => {
  const noise = (seed: number): Float32Array => new TorchGenerator(seed).randn([4, 16, 16]);

  it('begins and ends with them, bit for bit', () => {
    expect(slerp(noise(1), noise(2), 0)).toEqual(noise(1));
    expect(slerp(noise(1), noise(2), 1)).toEqual(noise(2));
  });

  it('keeps the spread of a noise all along', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (a, b, share) => {
        const length = (values: Float32Array): number => Math.hypot(...values);
        const [from, to] = [noise(a), noise(b + 1001)];
        const ends = [length(from), length(to)];
        const between = length(slerp(from, to, share));
        expect(between).toBeGreaterThan(0.98 * Math.min(...ends));
        expect(between).toBeLessThan(1.02 * Math.max(...ends));
      }),
    );
  });

  it('is straight between two that are nearly parallel', () => {
    const from = noise(3);
    const to = from.map((value) => value * 2);
    expect(
      maxAbsDifference(
        slerp(from, to, 0.5),
        from.map((value) => value * 1.5),
      ),
    ).toBeLessThanOrEqual(1e-6);
  });
});

describe('the last part of a schedule', () => {
  const { schedule } = noiseScheduleFrom(stableDiffusionSchedule);

  it('has as many steps as a product in doubles, cut', () => {
    const of = (steps: number, strength: number): number => stepsOfPart({ steps, strength });
    expect([of(100, 0.29), of(100, 0.58), of(50, 0.58), of(5, 0.1), of(7, 1)]).toEqual([28, 57, 28, 0, 7]);
  });

  it.each(schedulerIds)('%s: is what a run that came so far goes on with', (id) => {
    const all = createScheduler(id, schedule, 8);
    const part = lastSteps(all, 3);
    const skipped = all.evaluations.findIndex(({ step }) => step === 5);
    const left = all.evaluations.slice(skipped);
    expect(part.evaluations).toEqual(left.map((one) => ({ ...one, step: one.step - 5 })));
    expect(new Set(part.evaluations.map(({ step }) => step))).toEqual(new Set([0, 1, 2]));
    const latents = new TorchGenerator(1).randn([1, 4, 2, 2]);
    const draw = (): Float32Array => new TorchGenerator(2).randn([1, 4, 2, 2]);
    const noise = { draw, between: draw };
    let [a, b] = [all.start(latents, skipped), part.start(latents)];
    expect(part.addNoise(latents, noise.draw(), 0)).toEqual(all.addNoise(latents, noise.draw(), skipped));
    for (const [index, { step }] of part.evaluations.entries()) {
      expect(part.ask(b)).toEqual({ ...all.ask(a), step });
      expect(part.clean(b, latents)).toEqual(all.clean(a, latents));
      [a, b] = [all.answer(a, latents, noise), part.answer(b, latents, noise)];
      expect(b).toEqual({ ...a, evaluation: index + 1 });
    }
  });

  it('of consistency models takes all of its steps from the part', () => {
    const { evaluations } = createScheduler('lcm', schedule, 4, {}, { strength: 0.5 });
    expect(evaluations.map(({ timestep }) => timestep)).toEqual([499, 379, 259, 139]);
    expect(() => createScheduler('lcm', schedule, 26, {}, { strength: 0.5 })).toThrow(/25 .*a strength of 0.5/);
  });
});
