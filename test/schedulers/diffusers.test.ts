import { describe, expect, it } from 'vitest';
import { alphasCumprod } from '../../src/schedulers/noise-schedule.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import type { NoiseSchedule, Scheduler, SchedulerState } from '../../src/schedulers/scheduler.ts';
import { floats, goldenArrays, goldenJson, maxAbsDifference, type GoldenArray } from '../support/golden.ts';
import { buildReference, dummyModel, families, type BuiltScheduler, type ReferenceCase } from './reference.ts';

interface RunFacts {
  readonly model_calls: number;
  readonly init_noise_sigma: number;
  readonly traj_index: readonly number[];
  /** Per step, or one number for all of them. */
  readonly noise_calls: number | readonly number[];
}

interface SchedulerCase extends ReferenceCase {
  readonly runs: Readonly<Record<string, RunFacts>>;
  readonly i2i?: Omit<RunFacts, 'init_noise_sigma'> & {
    readonly n: number;
    readonly t_start: number;
    readonly timesteps: readonly number[];
  };
  readonly add_noise_timesteps?: readonly number[];
}

type Arrays = ReadonlyMap<string, GoldenArray>;

const { cases } = goldenJson<{ cases: readonly SchedulerCase[] }>('schedulers', 'schedulers.json');
const inside = cases.filter((reference) => reference.class in families);
const inputs = goldenArrays('schedulers', 'inputs.safetensors');
const sampleSize = floats(inputs, 'noise').length;

describe('samplers against diffusers', () => {
  const outside = new Map<string, number>();
  for (const { class: name } of cases) if (!(name in families)) outside.set(name, (outside.get(name) ?? 0) + 1);
  const counts = [...outside].map(([name, count]) => `${name} ${count}`);
  console.log(`schedulers: ${inside.length} of ${cases.length} cases are compared; outside: ${counts.join(', ')}`);

  describe.each(inside.map((reference) => [reference.case, reference] as const))('%s', (name, reference) => {
    const arrays = goldenArrays('schedulers', `${name}.safetensors`);

    it.each(Object.entries(reference.runs))('%s steps', (steps, facts) => {
      const scheduler = buildReference(reference, Number(steps));
      expectTables(scheduler, arrays, `n${steps}`, facts);
      const noise = floats(inputs, 'noise').map((value) => value * scheduler.initialNoiseSigma);
      const run = runLoop(scheduler, noise, 0);
      expect(run.noiseCalls).toEqual(perStep(facts));
      expectTrajectory(reference, run.samples, floats(arrays, `n${steps}/traj`), facts.traj_index);
    });

    it.runIf(reference.i2i !== undefined)('from a noised sample on', () => {
      const facts = reference.i2i!;
      const scheduler = buildReference(reference, facts.n);
      const from = scheduler.evaluations.findIndex(({ step }) => step === facts.t_start);
      const start = scheduler.addNoise(floats(inputs, 'x0'), floats(inputs, 'noise_i2i'), from);
      expectClose(start, floats(arrays, 'i2i/start'), 2e-5);
      expectTimesteps(timestepsOf(scheduler).slice(from), facts.timesteps);
      const run = runLoop(scheduler, start, from);
      expect(run.noiseCalls).toEqual(perStep(facts));
      expectTrajectory(reference, run.samples, floats(arrays, 'i2i/traj'), facts.traj_index);
    });

    it.runIf(arrays.has('add_noise'))('noises a clean sample', () => {
      const scheduler = buildReference(reference, 10);
      for (const [row, timestep] of (reference.add_noise_timesteps ?? []).entries()) {
        const at = (source: Float32Array): Float32Array => source.subarray(row * sampleSize, (row + 1) * sampleSize);
        const index = scheduler.evaluations.findLastIndex(
          (candidate) => Math.abs(candidate.timestep - timestep) < 1e-3,
        );
        const noised = scheduler.addNoise(at(floats(inputs, 'x0_pair')), at(floats(inputs, 'noise_pair')), index);
        expectClose(noised, at(floats(arrays, 'add_noise')), 2e-5);
      }
    });

    it('has no other arrays in its file', () => {
      const known = /^(n\d+\/(timesteps|sigmas|scale|traj)|i2i\/(start|traj)|add_noise)$/;
      expect([...arrays.keys()].filter((key) => !known.test(key))).toEqual([]);
    });
  });
});

describe('alphas of the noise schedule', () => {
  // The betas that all cases have but those that say otherwise.
  const { schedule } = noiseScheduleFrom(cases[0]?.config ?? {});
  const base: NoiseSchedule = { ...schedule, predictionType: 'v_prediction', rescaleBetasZeroSnr: false };
  const zeroSnr = { ...base, rescaleBetasZeroSnr: true };
  const expected = goldenArrays('schedulers', 'alphas.safetensors');
  const plain: Readonly<Record<string, Float32Array>> = {
    base: alphasCumprod(base, 'zero'),
    zsnr: alphasCumprod(zeroSnr, 'zero'),
    zsnr_euler: alphasCumprod(zeroSnr, 'tiny'),
    squaredcos_cap_v2: alphasCumprod({ ...base, betaSchedule: 'squaredcos_cap_v2' }, 'zero'),
  };
  /** Any other name says its schedule itself: `linear_0.0001_0.02`. */
  const alphasOf = (name: string): Float32Array | undefined => {
    const [, betaSchedule, betaStart, betaEnd] = /^(linear|scaled_linear)_([\d.]+)_([\d.]+)$/.exec(name) ?? [];
    if (betaSchedule !== 'linear' && betaSchedule !== 'scaled_linear') return plain[name];
    return alphasCumprod({ ...base, betaSchedule, betaStart: Number(betaStart), betaEnd: Number(betaEnd) }, 'zero');
  };

  it.each([...expected.keys()].filter((name) => !name.startsWith('zsnr')))('%s: bit for bit as torch', (name) => {
    expect(alphasOf(name)).toEqual(floats(expected, name));
  });

  // torch's vectorised square root, which only this rule takes, differs from the correctly rounded one in the last bit.
  it.each([...expected.keys()].filter((name) => name.startsWith('zsnr')))('%s: within 1e-5', (name) => {
    expectRelative(alphasOf(name) ?? [], floats(expected, name));
  });

  it('takes trained betas as they are', () => {
    const alphas = alphasCumprod({ ...base, trainTimesteps: 2, trainedBetas: [0.5, 0.5] }, 'zero');
    expect(alphas).toEqual(Float32Array.of(0.5, 0.25));
  });
});

interface Run {
  /** After each evaluation; null between two of one step. */
  readonly samples: readonly (Float32Array | null)[];
  readonly noiseCalls: readonly number[];
}

function runLoop(scheduler: BuiltScheduler, start: Float32Array, from: number): Run {
  let drawn = 0;
  const noise = {
    draw: () => floats(inputs, 'step_noise').slice(drawn * sampleSize, ++drawn * sampleSize),
  };
  const samples: (Float32Array | null)[] = [];
  const noiseCalls: number[] = [];
  let state: SchedulerState = { ...scheduler.start(start), evaluation: from };
  while (state.evaluation < scheduler.evaluations.length) {
    const before = drawn;
    const { latents, timestep } = scheduler.ask(state);
    state = scheduler.answer(state, dummyModel(latents, timestep), noise);
    const isWholeStep = (scheduler.evaluations[state.evaluation]?.stage ?? 0) === 0;
    samples.push(isWholeStep ? state.latents : null);
    noiseCalls.push(drawn - before);
  }
  return { samples, noiseCalls };
}

function expectTables(scheduler: BuiltScheduler, arrays: Arrays, run: string, facts: RunFacts): void {
  expect(scheduler.evaluations).toHaveLength(facts.model_calls);
  expectTimesteps(timestepsOf(scheduler), numbers(arrays, `${run}/timesteps`));
  expectRelative([scheduler.initialNoiseSigma], [facts.init_noise_sigma]);
  const start = scheduler.start(Float32Array.of(1));
  const scale = scheduler.evaluations.map((_, evaluation) => {
    return scheduler.ask({ ...start, evaluation }).latents[0] ?? Number.NaN;
  });
  expectRelative(scale, numbers(arrays, `${run}/scale`));
  if (arrays.has(`${run}/sigmas`)) {
    const sigmas = floats(arrays, `${run}/sigmas`);
    const levels = scheduler.evaluations.map(({ level }) => level);
    expectRelative([...levels, scheduler.sigmas?.at(-1) ?? Number.NaN], sigmas);
  } else expect(scheduler.sigmas).toBeUndefined();
}

function timestepsOf({ evaluations }: Pick<Scheduler, 'evaluations'>): number[] {
  return evaluations.map(({ timestep }) => timestep);
}

function expectTimesteps(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, timestep] of expected.entries()) {
    if (Number.isInteger(timestep)) expect(actual[index]).toBe(timestep);
    else expect(Math.abs((actual[index] ?? Number.NaN) - timestep)).toBeLessThanOrEqual(1e-3);
  }
}

function expectTrajectory(
  { class: className, config }: ReferenceCase,
  samples: Run['samples'],
  expected: Float32Array,
  indexes: readonly number[],
): void {
  const size = expected.length / indexes.length;
  const whole = [...indexes.entries()].filter(([, index]) => samples[index] !== null);
  const compared = whole.flatMap(([, index]) => [...samples[index]!]);
  const expectedThere = Float32Array.from(whole.flatMap(([at]) => [...expected.subarray(at * size, (at + 1) * size)]));
  // The initial sigma of 4096 cancels in float32.
  const cancels = className.startsWith('Euler') && config['rescale_betas_zero_snr'] === true;
  expectClose(compared, expectedThere, cancels ? 1e-3 : 2e-5);
}

function expectClose(actual: ArrayLike<number>, expected: Float32Array, tolerance: number): void {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  expect(maxAbsDifference(actual, expected)).toBeLessThanOrEqual(tolerance * largest);
}

function expectRelative(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const value = expected[i] ?? Number.NaN;
    expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value));
  }
}

function perStep({ noise_calls, model_calls }: Pick<RunFacts, 'noise_calls' | 'model_calls'>): number[] {
  return typeof noise_calls === 'number' ? Array.from({ length: model_calls }, () => noise_calls) : [...noise_calls];
}

function numbers(arrays: Arrays, name: string): number[] {
  const array = arrays.get(name);
  if (array === undefined) throw new Error(`The reference file lacks ${name}`);
  return Array.from(array.data as ArrayLike<number | bigint>, Number);
}
