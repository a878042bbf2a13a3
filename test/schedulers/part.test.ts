import { describe, expect, it } from 'vitest';
import { type SchedulePart, stepsOfPart } from '../../src/schedulers/part.ts';
import { schedulerIds, type SchedulerId } from '../../src/schedulers/registry.ts';
import { createScheduler, stepsRun } from '../../src/schedulers/create-scheduler.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import type { Scheduler } from '../../src/schedulers/scheduler.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';
import { dummyModel } from './reference.ts';

const { schedule } = noiseScheduleFrom(stableDiffusionSchedule);
const none = (): never => {
  throw new Error('Noise was drawn');
};
const latents = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));

function partOf(id: SchedulerId, { steps, ...cut }: SchedulePart): Scheduler {
  return createScheduler(id, schedule, steps, { clipSample: false }, cut);
}

function through(scheduler: Scheduler, from: Float32Array): Float32Array {
  let state = scheduler.start(from);
  while (state.evaluation < scheduler.evaluations.length) {
    const { latents: asked, timestep } = scheduler.ask(state);
    state = scheduler.answer(state, dummyModel(asked, timestep), { draw: none, between: none });
  }
  return state.latents;
}

describe('steps that are counted as they are made', () => {
  // As ComfyUI and A1111 have it: int(steps / strength) of the schedule, cut in doubles.
  it.each([
    [8, 0.4, 20],
    [14, 0.7, 20],
    [20, 0.3, 66],
    [5, 1, 5],
    [1, 0.01, 100],
  ])('the last %s of a schedule at strength %s, which has %s', (steps, strength, whole) => {
    const part = partOf('euler', { steps, strength, counts: 'executed' });
    expect(part.evaluations).toHaveLength(steps);
    expect(part.evaluations.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i));
    const all = partOf('euler', { steps: whole, strength: 1 });
    expect(part.evaluations.map(({ level }) => level)).toEqual(all.evaluations.slice(-steps).map(({ level }) => level));
  });

  it.each(schedulerIds)('%s makes all of them', (id) => {
    const part = { steps: 7, strength: 0.6, counts: 'executed' } as const;
    expect(stepsOfPart(part)).toBe(7);
    expect(stepsRun(id, part)).toBe(7);
    expect(partOf(id, part).evaluations.at(-1)?.step).toBe(6);
  });

  it('of samplers whose schedule a strength cuts, they are taken from what is left of that', () => {
    const { evaluations } = partOf('lcm', { steps: 4, strength: 0.5, counts: 'executed' });
    expect(evaluations).toEqual(partOf('lcm', { steps: 4, strength: 0.5 }).evaluations);
  });

  it('a schedule that would have more steps than there are timesteps is refused', () => {
    expect(() => partOf('euler', { steps: 150, strength: 0.1, counts: 'executed' })).toThrow(/1 to 1000 .* 1500/);
  });
});

describe('a run that another one goes on with at a timestep', () => {
  it.each(schedulerIds)('%s: the two together ask what one would', (id) => {
    for (const strength of [1, 0.7]) {
      const cut = { steps: 12, strength };
      const first = partOf(id, { ...cut, downTo: 400 });
      const second = partOf(id, { ...cut, below: 400 });
      const whole = partOf(id, cut).evaluations.filter(({ stage }) => stage === 0);
      const both = [...first.evaluations, ...second.evaluations].filter(({ stage }) => stage === 0);
      expect(both.map(({ timestep }) => timestep)).toEqual(whole.map(({ timestep }) => timestep));
      expect(
        Math.min(...first.evaluations.flatMap((one) => (one.stage === 0 ? one.timestep : []))),
      ).toBeGreaterThanOrEqual(400);
      expect(second.evaluations[0]).toMatchObject({ step: 0, stage: 0 });
      expect(second.evaluations[0]?.timestep).toBeLessThan(400);
    }
  });

  it.each(['euler', 'ddim', 'heun'] as const)('%s: the same model goes on as if nothing had been', (id) => {
    const first = partOf(id, { steps: 10, strength: 1, downTo: 400 });
    const second = partOf(id, { steps: 10, strength: 1, below: 400 });
    const start = latents.map((value) => value * first.initialNoiseSigma);
    const whole = through(partOf(id, { steps: 10, strength: 1 }), start);
    expect(through(second, through(first, start))).toEqual(whole);
  });

  it('there may be nothing on one side', () => {
    expect(partOf('euler', { steps: 10, strength: 0.2, downTo: 400 }).evaluations).toEqual([]);
    expect(partOf('euler', { steps: 10, strength: 1, below: 0 }).evaluations).toEqual([]);
  });
});
