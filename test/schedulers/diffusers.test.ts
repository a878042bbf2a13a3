import { describe, expect, it } from 'vitest';
import { alphasCumprod } from '../../src/schedulers/noise-schedule.ts';
import { dpm2AncestralMethod } from '../../src/schedulers/dpm2.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { trainingSigmas } from '../../src/schedulers/sigmas.ts';
import { twoStage } from '../../src/schedulers/two-stage.ts';
import type { Evaluation, NoiseSchedule, SchedulerState } from '../../src/schedulers/scheduler.ts';
import { floats, goldenArrays, goldenJson, maxAbsDifference, type GoldenArray } from '../support/golden.ts';
import { buildReference, dummyModel, type BuiltScheduler, type ReferenceCase } from './reference.ts';

interface RunFacts {
  readonly model_calls: number;
  readonly init_noise_sigma: number;
  readonly traj_index: readonly number[];
  /** Per step, or one number for all of them. */
  readonly noise_calls: number | readonly number[];
}

interface SchedulerCase extends ReferenceCase {
  /** How many entries of the class's list of timesteps a step has. */
  readonly order: number;
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
const inputs = goldenArrays('schedulers', 'inputs.safetensors');
const sampleSize = floats(inputs, 'noise').length;

describe('samplers against diffusers', () => {
  describe.each(cases.map((reference) => [reference.case, reference] as const))('%s', (name, reference) => {
    const arrays = goldenArrays('schedulers', `${name}.safetensors`);

    it.each(Object.entries(reference.runs))('%s steps', (steps, facts) => {
      const { class: className, config } = reference;
      const isSteep = steps === '2' && config['timestep_spacing'] === undefined;
      const cancels = isSteep && className === 'KDPM2AncestralDiscreteScheduler';
      const scheduler = cancels ? onItsOwnLevels(arrays) : buildReference(reference, Number(steps));
      expectTables(scheduler, arrays, `n${steps}`, facts);
      const noise = floats(inputs, 'noise').map((value) => value * scheduler.initialNoiseSigma);
      const run = runLoop(scheduler, noise, 0);
      expect(run.noiseCalls).toEqual(perStep(facts));
      expectTrajectory(reference, run.samples, floats(arrays, `n${steps}/traj`), facts.traj_index);
    });

    it.runIf(reference.i2i !== undefined)('from a noised sample on', () => {
      const facts = reference.i2i!;
      const scheduler = buildReference(reference, facts.n);
      const from = facts.t_start * reference.order;
      const start = scheduler.addNoise(floats(inputs, 'x0'), floats(inputs, 'noise_i2i'), from);
      expectClose(start, floats(arrays, 'i2i/start'), 2e-5);
      expectTimesteps(scheduler.evaluations.slice(from), facts.timesteps);
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

/**
 * From 14.6 to 0.03 in one step, the class computes the middle from a difference of squares of which float32 keeps two digits: which, hangs on the last
 * bit of torch's square root. These runs get the class's own levels.
 */
function onItsOwnLevels(arrays: Arrays): BuiltScheduler {
  const [first = 0, last = 0] = [0, 1].map((index) => floats(arrays, 'n2/sigmas')[index]);
  const [start = 0, , end = 0] = numbers(arrays, 'n2/timesteps');
  const { schedule } = noiseScheduleFrom(cases[0]?.config ?? {});
  const logTable = trainingSigmas(alphasCumprod(schedule, 'tiny')).map(Math.log);
  const levels = { timesteps: [start, end], sigmas: [first, last], final: null, trainedMin: last, logTable };
  return twoStage(dpm2AncestralMethod(1), {
    schedule,
    levels,
    spacing: { timestepSpacing: 'linspace', stepsOffset: 0 },
  });
}

interface Run {
  /** After each evaluation, between two of one step too. */
  readonly samples: readonly Float32Array[];
  readonly noiseCalls: readonly number[];
}

function runLoop(scheduler: BuiltScheduler, start: Float32Array, from: number): Run {
  let drawn = 0;
  const draw = (): Float32Array => floats(inputs, 'step_noise').slice(drawn * sampleSize, ++drawn * sampleSize);
  const noise = { draw, between: draw };
  const samples: Float32Array[] = [];
  const noiseCalls: number[] = [];
  let state: SchedulerState = { ...scheduler.start(start), evaluation: from };
  while (state.evaluation < scheduler.evaluations.length) {
    const before = drawn;
    const { latents, timestep } = scheduler.ask(state);
    state = scheduler.answer(state, dummyModel(latents, timestep), noise);
    samples.push(sampleOf(scheduler, state));
    noiseCalls.push(drawn - before);
  }
  return { samples, noiseCalls };
}

/** Within a step, what the network is asked next, as it is before it is scaled. */
function sampleOf(scheduler: BuiltScheduler, state: SchedulerState): Float32Array {
  const next = scheduler.evaluations[state.evaluation];
  if (next === undefined || next.stage === 0) return state.latents;
  const { latents } = scheduler.ask(state);
  return scheduler.sigmas === undefined ? latents : latents.map((value) => value * Math.hypot(next.level, 1));
}

function expectTables(scheduler: BuiltScheduler, arrays: Arrays, run: string, facts: RunFacts): void {
  expect(scheduler.evaluations).toHaveLength(facts.model_calls);
  expectTimesteps(scheduler.evaluations, numbers(arrays, `${run}/timesteps`));
  expectRelative([scheduler.initialNoiseSigma], [facts.init_noise_sigma]);
  const start = scheduler.start(Float32Array.of(1));
  const scale = scheduler.evaluations.map((_, evaluation) => {
    return scheduler.ask({ ...start, evaluation }).latents[0] ?? Number.NaN;
  });
  expectRelative(scale, numbers(arrays, `${run}/scale`));
  if (arrays.has(`${run}/sigmas`)) {
    const sigmas = floats(arrays, `${run}/sigmas`);
    const sampled = scheduler.sigmas ?? new Float32Array();
    // Where a step has two evaluations the class lists what lies between two steps twice, and DPM2 the end three times.
    const isTwice = scheduler.evaluations.some(({ stage }) => stage > 0) || sigmas.length > sampled.length;
    const once = isTwice
      ? sigmas.filter((_, index) => index === 0 || index % 2 === 1).slice(0, sampled.length)
      : sigmas;
    expectRelative(sampled, once);
    const starts = scheduler.evaluations.filter(({ stage }) => stage === 0);
    expect(starts.map(({ level }) => level)).toEqual(Array.from(sampled).slice(0, -1));
  } else expect(scheduler.sigmas).toBeUndefined();
}

/** To the digit where a step starts; what lies within one comes from interpolation, and its whole numbers by chance. */
function expectTimesteps(actual: readonly Evaluation[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, { timestep, stage }] of actual.entries()) {
    const value = expected[index] ?? Number.NaN;
    if (stage === 0 && Number.isInteger(value)) expect(timestep).toBe(value);
    else expect(Math.abs(timestep - value)).toBeLessThanOrEqual(1e-3);
  }
}

function expectTrajectory(
  { class: className, config }: ReferenceCase,
  samples: Run['samples'],
  expected: Float32Array,
  indexes: readonly number[],
): void {
  const compared = indexes.flatMap((index) => [...samples[index]!]);
  // The initial sigma of 4096 cancels in float32.
  const cancels = className.startsWith('Euler') && config['rescale_betas_zero_snr'] === true;
  expectClose(compared, expected, cancels ? 1e-3 : 2e-5);
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
