import { describe, expect, it } from 'vitest';
import { TorchGenerator } from '../../../src/numeric/torch-generator.ts';
import type { SamplerOptions } from '../../../src/schedulers/options.ts';
import {
  type SchedulerId,
  schedulerIds,
  schedulers,
  schedulersWithSchedule,
} from '../../../src/schedulers/registry.ts';
import { createScheduler } from '../../../src/schedulers/create-scheduler.ts';
import type { SamplerRow } from '../../../src/schedulers/sampler-row.ts';
import type { Noise, Scheduler, SigmaScheduler } from '../../../src/schedulers/scheduler.ts';
import { noiseScheduleFrom } from '../../../src/schedulers/scheduler-config.ts';
import { levelTable } from '../../../src/schedulers/level-table.ts';
import { timestepAt } from '../../../src/schedulers/schedules/level-table.ts';
import { namedLevels } from '../../../src/schedulers/named-levels.ts';
import { type ScheduleId, scheduleIds } from '../../../src/schedulers/schedules/registry.ts';
import { stableDiffusionSchedule } from '../../../src/weights/configs/stable-diffusion-schedule.ts';
import { dummyModel } from '../reference.ts';

const { schedule: noise } = noiseScheduleFrom(stableDiffusionSchedule);
const rowOf = (id: SchedulerId): SamplerRow => schedulers[id];
const combined = schedulerIds.filter((id) => rowOf(id).combines !== null);
const isCombined = (id: SchedulerId, schedule: ScheduleId): boolean =>
  combined.some((both) => rowOf(both).combines?.scheduler === id && rowOf(both).combines?.schedule === schedule);

/** What a model's file may say that has nothing to do with the levels of a schedule. */
const elsewhere: Partial<SamplerOptions> = {
  timestepSpacing: 'leading',
  stepsOffset: 1,
  sigmaMin: 0.1,
  sigmaMax: 9,
  lambdaMinClipped: -1,
  finalSigmasType: 'sigma_min',
};

/** Those that look past the end of a step: ComfyUI asks for one level more for them, and leaves the last but one out. */
const pastTheEnd: readonly SchedulerId[] = ['dpm2', 'dpm2_a', 'unipc'];

describe.each(schedulersWithSchedule)('%s with a schedule', (id) => {
  it.each(scheduleIds.filter((schedule) => !isCombined(id, schedule)))(
    'runs over the levels of %s, at their timesteps, whatever the file says of spacing',
    (schedule) => {
      for (const steps of [1, 2, 9, 33]) {
        const scheduler = createScheduler(id, noise, steps, { ...elsewhere, schedule }) as SigmaScheduler;
        const dropsPenultimate = pastTheEnd.includes(id);
        const named = namedLevels(noise, steps, { schedule, publishedFor: 'sd15', dropsPenultimate });
        expect([...scheduler.sigmas]).toEqual([...named.sigmas, named.final].map(Math.fround));
        const starts = scheduler.evaluations.filter(({ stage }) => stage === 0);
        expect(starts.map(({ timestep }) => timestep)).toEqual(named.timesteps.map(Math.fround));
        // In the space of levels a sample begins with noise of the first of them; elsewhere it has unit variance.
        const first = Math.fround(named.sigmas[0] ?? 0);
        expect([1, first]).toContain(scheduler.initialNoiseSigma);
      }
    },
  );

  it.each(scheduleIds)('draws finite samples with %s, from any step on', (schedule) => {
    for (const predictionType of ['epsilon', 'v_prediction'] as const) {
      for (const [steps, strength] of [
        [1, 1],
        [7, 1],
        [33, 1],
        [20, 0.35],
      ] as const) {
        const scheduler = createScheduler(
          id,
          { ...noise, predictionType },
          steps,
          { ...elsewhere, schedule },
          { strength },
        );
        const { latents } = drawn(scheduler);
        expect(latents.every((value) => Number.isFinite(value))).toBe(true);
        if (strength < 1) expect(stepsOf(scheduler)).toBe(Math.trunc(steps * strength));
      }
    }
  });

  it('ends at the clean sample that its last prediction points to, of a schedule that ends without noise', () => {
    const scheduler = createScheduler(id, noise, 12, { schedule: 'beta' });
    let state = scheduler.start(start(scheduler));
    let clean = new Float32Array();
    while (state.evaluation < scheduler.evaluations.length) {
      const { latents, timestep } = scheduler.ask(state);
      const prediction = dummyModel(latents, timestep);
      clean = Float32Array.from(scheduler.clean(state, prediction));
      state = scheduler.answer(state, prediction, drawnNoise());
    }
    // The linear multistep method goes by earlier steps to the end.
    if (id === 'lms') return;
    for (const [i, value] of state.latents.entries()) expect(Math.abs(value - clean[i]!)).toBeLessThan(1e-4);
  });
});

describe('a schedule of other steps than were asked', () => {
  it('is run whole: ddim_uniform with 33 steps has 34', () => {
    expect(stepsOf(createScheduler('euler', noise, 33, { schedule: 'ddim_uniform' }))).toBe(34);
    expect(createScheduler('heun', noise, 33, { schedule: 'ddim_uniform' }).evaluations).toHaveLength(67);
  });

  it('has its last steps drawn with a strength, as many as that share of what was asked', () => {
    const whole = createScheduler('euler', noise, 33, { schedule: 'ddim_uniform' });
    const part = createScheduler('euler', noise, 33, { schedule: 'ddim_uniform' }, { strength: 0.5 });
    expect(stepsOf(part)).toBe(16);
    expect(part.evaluations.map(({ level }) => level)).toEqual(whole.evaluations.slice(-16).map(({ level }) => level));
  });
});

describe.each(combined)('%s', (id) => {
  const { scheduler, schedule } = rowOf(id).combines!;
  const plain = schedulerIds.find((candidate) => candidate === scheduler)!;

  it('is its sampler with its schedule, bit for bit, and may be asked with it', () => {
    for (const given of [{}, elsewhere, { timestepSpacing: 'trailing' }] as const) {
      const alone = createScheduler(id, noise, 12, given);
      for (const pair of [
        createScheduler(plain, noise, 12, { ...given, schedule }),
        createScheduler(id, noise, 12, { ...given, schedule }),
      ]) {
        expect(pair.evaluations).toEqual(alone.evaluations);
        expect(drawn(pair)).toEqual(drawn(alone));
      }
    }
  });

  it('has the levels of the schedule where the model spaces its timesteps from end to end', () => {
    const { sigmas } = createScheduler(id, noise, 12) as SigmaScheduler;
    const named = namedLevels(noise, 12, { schedule, publishedFor: 'sd15' });
    for (const [i, sigma] of [...named.sigmas, named.final].entries()) {
      // A table in float32, as diffusers has it.
      expect(Math.abs(sigmas[i]! - sigma)).toBeLessThanOrEqual(3e-5 * sigma);
    }
  });
});

describe('churn', () => {
  it('adds noise to the steps of Euler, and takes it away again', () => {
    const quiet = createScheduler('euler', noise, 12, {});
    expect(drawn(createScheduler('euler', noise, 12, { sChurn: 0 }))).toEqual(drawn(quiet));
    expect(drawn(createScheduler('euler', noise, 12, { sChurn: 4 }))).not.toEqual(drawn(quiet));
  });

  it('is spread over the steps that are really made', () => {
    const given = { schedule: 'ddim_uniform', sChurn: 3.4 } as const;
    const counted: number[] = [];
    const scheduler = createScheduler('euler', noise, 33, given);
    drawn(scheduler, () => counted.push(1));
    expect(counted).toHaveLength(34);
    // 0.1 a step: the first one starts from a level raised by a tenth.
    const before = { ...scheduler.start(new Float32Array(4)), evaluation: 0 };
    const ones: Noise = { draw: () => Float32Array.of(1, 1, 1, 1), between: () => new Float32Array(4) };
    const [level, next] = [...(scheduler as SigmaScheduler).sigmas];
    const { latents } = scheduler.answer(before, new Float32Array(4), ones);
    expect(latents[0]).toBeCloseTo(level! * Math.sqrt(1.1 ** 2 - 1), 4);
    expect(next).toBeLessThan(level!);
  });
});

describe('published lists', () => {
  it('are those of the model, which are others for XL', () => {
    const of = (publishedFor: 'sd15' | 'sdxl'): number[] => [
      ...(createScheduler('euler', noise, 10, { schedule: 'align_your_steps', publishedFor }) as SigmaScheduler).sigmas,
    ];
    expect(of('sd15')[1]).toBeCloseTo(6.4745760956, 6);
    expect(of('sdxl')[1]).toBeCloseTo(6.3184485287, 6);
    expect(noiseScheduleFrom({}, 'sdxl').samplerDefaults).toMatchObject({ publishedFor: 'sdxl' });
  });
});

describe('timesteps of levels', () => {
  it('lie where the table has them', () => {
    const table = levelTable(noise);
    for (const timestep of [0, 1, 500, 998, 999]) {
      expect(timestepAt(table, table.sigmas[timestep]!)).toBeCloseTo(timestep, 9);
    }
    expect([timestepAt(table, 1e-6), timestepAt(table, 1e6)]).toEqual([0, 999]);
  });
});

function stepsOf({ evaluations }: Scheduler): number {
  return (evaluations.at(-1)?.step ?? -1) + 1;
}

function start(scheduler: Scheduler): Float32Array {
  return new TorchGenerator(1).randn([4]).map((value) => value * scheduler.initialNoiseSigma);
}

function drawnNoise(seen: () => void = () => undefined): Noise {
  const generator = new TorchGenerator(2);
  const draw = (): Float32Array => {
    seen();
    return generator.randn([4]);
  };
  return { draw, between: draw };
}

function drawn(scheduler: Scheduler, seen?: () => void) {
  const source = drawnNoise(seen);
  let state = scheduler.start(start(scheduler));
  while (state.evaluation < scheduler.evaluations.length) {
    const { latents, timestep } = scheduler.ask(state);
    state = scheduler.answer(state, dummyModel(latents, timestep), source);
  }
  return state;
}
