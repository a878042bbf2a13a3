import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TorchGenerator } from '../../src/numeric/torch-generator.ts';
import { schedulerIds } from '../../src/generation/plan.ts';
import { createScheduler } from '../../src/schedulers/registry.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';
import type { NoiseSource, Scheduler, TimestepSpacing } from '../../src/schedulers/scheduler.ts';
import { dummyModel } from './reference.ts';

const { schedule } = noiseScheduleFrom(stableDiffusionSchedule);
const spacing = fc.constantFrom<TimestepSpacing>('linspace', 'leading', 'trailing');
const predictionType = fc.constantFrom('epsilon', 'v_prediction', 'sample');

describe.each(schedulerIds)('%s', (id) => {
  const mostSteps = id === 'lcm' ? 50 : 60;

  const runs = fc.record({
    steps: fc.integer({ min: 1, max: mostSteps }),
    timestepSpacing: spacing,
    finalSigmasType: fc.constantFrom('zero', 'sigma_min'),
    predictionType,
    eta: fc.constantFrom(0, 1),
    seed: fc.nat(),
  });
  type RunOptions = typeof runs extends fc.Arbitrary<infer Run> ? Run : never;

  const build = ({ steps, eta, predictionType: type, ...options }: RunOptions): Scheduler =>
    createScheduler(id, { ...schedule, predictionType: type }, steps, {
      ...options,
      finalSigmasType: options.finalSigmasType as 'zero',
      stepsOffset: 1,
      clipSample: false,
      ...(id === 'ddim' ? { eta } : {}),
    });

  it('draws finite samples for any number of steps, at descending timesteps', () => {
    fc.assert(
      fc.property(runs, (options) => {
        const scheduler = build(options);
        expect(scheduler.timesteps).toHaveLength(options.steps);
        for (const [index, timestep] of scheduler.timesteps.entries()) {
          expect(timestep).toBeLessThanOrEqual(scheduler.timesteps[index - 1] ?? 1000);
          expect(timestep).toBeGreaterThanOrEqual(0);
        }
        const { generator, noise } = source(options.seed);
        const start = initialSample(scheduler, generator);
        expect(drawFrom(scheduler, start, 0, noise).every((value) => Number.isFinite(value))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('goes on bit for bit from a cloned state, at whatever step it was cut', () => {
    fc.assert(
      fc.property(runs, fc.nat(), (options, place) => {
        const cut = place % options.steps;
        const { generator, noise } = source(options.seed);
        const whole = build(options);
        const sample = drawFrom(whole, initialSample(whole, generator), 0, noise, cut);
        const state = structuredClone(whole.state);
        const resumedGenerator = new TorchGenerator(structuredClone(generator.save()));
        const rest = drawFrom(whole, sample, cut, noise);

        const resumed = build(options);
        resumed.state = state;
        expect(drawFrom(resumed, sample.slice(), cut, () => resumedGenerator.randn([32]))).toEqual(rest);
      }),
      { numRuns: 40 },
    );
  });

  it('writes to none of its arguments and keeps none of them', () => {
    fc.assert(
      fc.property(runs, (options) => {
        const [careful, careless] = [build(options), build(options)];
        const [carefulNoise, carelessNoise] = [source(options.seed).noise, source(options.seed).noise];
        let sample = initialSample(careful, source(options.seed + 1).generator);
        for (const index of careful.timesteps.keys()) {
          const output = dummyModel(careful.scaleModelInput(sample, index), careful.timesteps[index] ?? 0);
          const next = careful.step(output, index, sample, carefulNoise);
          const [usedOutput, usedSample] = [output.slice(), sample.slice()];
          expect(careless.step(usedOutput, index, usedSample, carelessNoise)).toEqual(next);
          expect([usedOutput, usedSample]).toEqual([output, sample]);
          usedOutput.fill(Number.NaN);
          usedSample.fill(Number.NaN);
          sample = next;
        }
      }),
      { numRuns: 20 },
    );
  });

  it('starts a noised sample at the level of its step', () => {
    const scheduler = createScheduler(id, schedule, 10);
    const original = Float32Array.of(1, -2, 3);
    const far = scheduler.addNoise(original, new Float32Array(3), 9);
    const near = scheduler.addNoise(original, new Float32Array(3).fill(1), 0);
    expect(Math.abs((far[0] ?? 0) - 1)).toBeLessThan(0.1);
    expect(Math.abs((near[0] ?? 0) - (near[1] ?? 0))).toBeGreaterThan(0);
    expect(original).toEqual(Float32Array.of(1, -2, 3));
  });
});

function source(seed: number): { readonly generator: TorchGenerator; readonly noise: NoiseSource } {
  const generator = new TorchGenerator(seed);
  return { generator, noise: () => generator.randn([32]) };
}

function initialSample(scheduler: Scheduler, generator: TorchGenerator): Float32Array {
  return generator.randn([32]).map((value) => value * scheduler.initialNoiseSigma);
}

function drawFrom(
  scheduler: Scheduler,
  start: Float32Array,
  from: number,
  noise: NoiseSource,
  to = scheduler.timesteps.length,
): Float32Array {
  let sample = start;
  for (let index = from; index < to; index++) {
    const output = dummyModel(scheduler.scaleModelInput(sample, index), scheduler.timesteps[index] ?? 0);
    sample = scheduler.step(output, index, sample, noise);
  }
  return sample;
}
