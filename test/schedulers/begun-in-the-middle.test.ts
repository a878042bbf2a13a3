import { describe, expect, it } from 'vitest';
import { lastSteps } from '../../src/schedulers/part.ts';
import { createScheduler } from '../../src/schedulers/create-scheduler.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { dummyModel } from './reference.ts';

const { schedule } = noiseScheduleFrom(stableDiffusionSchedule);
const none = (): never => {
  throw new Error('Noise was drawn');
};
const latents = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));

/** The sample after so many evaluations of the last `steps` of 10. */
function after(id: 'lms' | 'euler' | 'pndm' | 'ddim', steps: number, evaluations: number): Float32Array {
  const part = lastSteps(createScheduler(id, schedule, 10, { clipSample: false }), steps);
  let state = part.start(latents.map((value) => value * part.evaluations[0]!.level));
  for (let i = 0; i < evaluations; i++) {
    const { latents: asked, timestep } = part.ask(state);
    state = part.answer(state, dummyModel(asked, timestep), { draw: none, between: none });
  }
  return state.latents;
}

describe('a multistep sampler that is begun in the middle', () => {
  it.each([
    ['lms', 'euler'],
    ['pndm', 'ddim'],
  ] as const)('%s makes a first step as %s does, since it knows of no other', (id, simple) => {
    expect(maxAbsDifference(after(id, 6, 1), after(simple, 6, 1))).toBeLessThan(1e-4);
    expect(maxAbsDifference(after(id, 6, 2), after(simple, 6, 2))).toBeGreaterThan(1e-3);
  });

  it('pndm makes no step twice then', () => {
    const part = lastSteps(createScheduler('pndm', schedule, 10), 6);
    expect(part.evaluations.map(({ stage }) => stage)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
