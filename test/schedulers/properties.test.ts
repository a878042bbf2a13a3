import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrownianPath } from '../../src/numeric/brownian-path.ts';
import { TorchGenerator, type TorchGeneratorState } from '../../src/numeric/torch-generator.ts';
import { type SchedulerId, schedulerIds, schedulers } from '../../src/schedulers/registry.ts';
import { createScheduler } from '../../src/schedulers/create-scheduler.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { trainedLevels } from '../../src/schedulers/sigmas.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';
import type { Noise, Scheduler, SchedulerState, TimestepSpacing } from '../../src/schedulers/scheduler.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { dummyModel } from './reference.ts';

const { schedule } = noiseScheduleFrom(stableDiffusionSchedule);
const spacing = fc.constantFrom<TimestepSpacing>('linspace', 'leading', 'trailing');
const predictionType = fc.constantFrom('epsilon', 'v_prediction', 'sample');

/** Their last step goes by earlier ones too, or ends at the noise of timestep 0. */
const endsElsewhere: readonly SchedulerId[] = ['pndm', 'lms', 'deis', 'tcd'];

describe.each(schedulerIds)('%s', (id) => {
  const mostSteps = id === 'lcm' || id === 'tcd' ? 50 : 60;
  const takesEta = schedulers[id].eta !== null;

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
      ...(takesEta ? { eta } : {}),
    });

  it('draws finite samples for any number of steps, at descending timesteps', () => {
    fc.assert(
      fc.property(runs, (options) => {
        const scheduler = build(options);
        const { evaluations } = scheduler;
        expect(new Set(evaluations.map(({ step }) => step)).size).toBe(options.steps);
        // Asserted together: one assertion for each of a hundred thousand numbers would take longer than computing them.
        const wrong = evaluations.filter(({ step, stage, timestep, level }, index) => {
          const before = evaluations[index - 1] ?? {
            step: -1,
            stage: 0,
            timestep: 1000,
            level: Number.POSITIVE_INFINITY,
          };
          const follows = step === before.step ? stage === before.stage + 1 : step === before.step + 1 && stage === 0;
          // The middle of a step of DPM2 a is computed in float32, of which few digits are left.
          const descends = timestep <= before.timestep + 0.05 && level <= before.level * 1.02;
          return !(follows && descends && timestep >= 0 && level > 0);
        });
        expect(wrong).toEqual([]);
        const noise = source(options.seed);
        const { latents } = run(scheduler, scheduler.start(initialSample(scheduler, noise)), noise);
        expect(latents.every((value) => Number.isFinite(value))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('goes on bit for bit from a cloned state, at whatever evaluation it was cut', () => {
    fc.assert(
      fc.property(runs, fc.nat(), (options, place) => {
        const noise = source(options.seed);
        const whole = build(options);
        const cut = place % whole.evaluations.length;
        const state = run(whole, whole.start(initialSample(whole, noise)), noise, cut);
        const kept = structuredClone(state);
        const keptNoise = source(structuredClone(noise.save()));
        const rest = run(whole, state, noise);
        expect(run(build(options), kept, keptNoise)).toEqual(rest);
      }),
      { numRuns: 40 },
    );
  });

  it('remembers nothing itself: one instance serves several samples in turn', () => {
    fc.assert(
      fc.property(runs, (options) => {
        const scheduler = build(options);
        const seeds = [options.seed, options.seed + 1];
        const noises = seeds.map(source);
        let states = noises.map((noise) => scheduler.start(initialSample(scheduler, noise)));
        for (let i = 0; i < scheduler.evaluations.length; i++) {
          states = states.map((state, index) => run(scheduler, state, noises[index]!, i + 1));
        }
        const alone = seeds.map((seed) => {
          const noise = source(seed);
          return run(scheduler, scheduler.start(initialSample(scheduler, noise)), noise);
        });
        expect(states).toEqual(alone);
      }),
      { numRuns: 20 },
    );
  });

  it.skipIf(endsElsewhere.includes(id))(
    'finds the clean sample that the network points to, which a run that ends without noise ends at',
    () => {
      fc.assert(
        fc.property(runs, (options) => {
          // The last step of DDIM at other spacings may end at the noise of timestep 0.
          const scheduler = build({ ...options, eta: 0, finalSigmasType: 'zero', timestepSpacing: 'leading' });
          const noise = source(options.seed);
          const start = scheduler.start(initialSample(scheduler, noise));
          const last = run(scheduler, start, noise, scheduler.evaluations.length - 1);
          const { latents, timestep } = scheduler.ask(last);
          const prediction = dummyModel(latents, timestep);
          const ended = scheduler.answer(last, prediction, noise).latents;
          const largest = ended.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
          expect(maxAbsDifference(scheduler.clean(last, prediction), ended)).toBeLessThanOrEqual(1e-5 * largest);
        }),
        { numRuns: 20 },
      );
    },
  );

  it('writes to none of its arguments and keeps none of them', () => {
    fc.assert(
      fc.property(runs, (options) => {
        const scheduler = build(options);
        const [carefulNoise, carelessNoise] = [source(options.seed), source(options.seed)];
        let careful = scheduler.start(initialSample(scheduler, source(options.seed + 1)));
        let careless = structuredClone(careful);
        while (careful.evaluation < scheduler.evaluations.length) {
          const { latents, timestep } = scheduler.ask(careful);
          const output = dummyModel(latents, timestep);
          const next = scheduler.answer(careful, output, carefulNoise);
          const usedOutput = output.slice();
          const carelessNext = scheduler.answer(careless, usedOutput, carelessNoise);
          if (!isDeepStrictEqual(carelessNext, next)) expect(carelessNext).toEqual(next);
          if (!isDeepStrictEqual([usedOutput, careless], [output, careful])) {
            expect([usedOutput, careless]).toEqual([output, careful]);
          }
          usedOutput.fill(Number.NaN);
          // They stay the start of a step until it is done.
          if (carelessNext.latents !== careless.latents) careless.latents.fill(Number.NaN);
          [careful, careless] = [next, carelessNext];
        }
        expect(() => scheduler.ask(careful)).toThrow(/evaluations was asked for more/);
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

interface SeededNoise extends Noise {
  save(): TorchGeneratorState;
}

function source(seed: number | TorchGeneratorState): SeededNoise {
  const generator = new TorchGenerator(seed);
  const path = new BrownianPath(1, 32, trainedLevels(schedule));
  return {
    draw: () => generator.randn([32]),
    between: (level, other) => path.increment(level, other),
    save: () => generator.save(),
  };
}

function initialSample(scheduler: Scheduler, noise: Noise): Float32Array {
  return noise.draw().map((value) => value * scheduler.initialNoiseSigma);
}

/** Goes on from `state` until evaluation `to`. */
function run(
  scheduler: Scheduler,
  state: SchedulerState,
  noise: Noise,
  to = scheduler.evaluations.length,
): SchedulerState {
  let next = state;
  while (next.evaluation < to) {
    const { latents, timestep } = scheduler.ask(next);
    next = scheduler.answer(next, dummyModel(latents, timestep), noise);
  }
  return next;
}
