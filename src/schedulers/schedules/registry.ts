import { alignYourSteps, alignYourStepsA1111 } from './align-your-steps.ts';
import { karras, klOptimal, klOptimalA1111, linearQuadratic, polyexponential } from './between-ends.ts';
import { beta, betaA1111, ddimUniform, normal, sgmUniform, simple } from './over-timesteps.ts';
import type { ScheduleRow } from './schedule.ts';

/** Every schedule, by id, in the order in which they are listed. A new one is a function and a row here. */
export const schedules = Object.freeze({
  karras: {
    title: 'Karras',
    description: 'Finer steps where little noise is left.',
    publicNames: { a1111: 'Karras', comfyui: 'karras' },
    levels: karras,
  },
  exponential: {
    title: 'Exponential',
    description: 'Equal ratios between the levels.',
    publicNames: { a1111: 'Exponential', comfyui: 'exponential' },
    levels: (trained, steps) => polyexponential(trained, steps),
  },
  polyexponential: {
    title: 'Polyexponential',
    description:
      'Exponential with a power, which is 1: the same levels, under the name that other programs have for them.',
    publicNames: { a1111: 'Polyexponential', comfyui: null },
    levels: (trained, steps) => polyexponential(trained, steps),
  },
  sgm_uniform: {
    title: 'SGM Uniform',
    description: 'Equal steps in time, from the last timestep on; what Turbo, Lightning and Hyper models want.',
    publicNames: { a1111: 'SGM Uniform', comfyui: 'sgm_uniform' },
    levels: sgmUniform,
  },
  simple: {
    title: 'Simple',
    description: 'Every so many of the levels that the model was trained on.',
    publicNames: { a1111: 'Simple', comfyui: 'simple' },
    levels: simple,
  },
  normal: {
    title: 'Normal',
    description: 'Equal steps in time, from the last timestep to the first.',
    publicNames: { a1111: 'Uniform', comfyui: 'normal' },
    levels: normal,
  },
  ddim_uniform: {
    title: 'DDIM Uniform',
    description:
      'Every so many of the levels from below: their count may be another than was asked, and the first is not the largest.',
    publicNames: { a1111: 'DDIM', comfyui: 'ddim_uniform' },
    levels: ddimUniform,
  },
  beta: {
    title: 'Beta',
    description: 'Finer steps at both ends, by the quantiles of a beta distribution over the timesteps.',
    publicNames: { a1111: null, comfyui: 'beta' },
    levels: beta,
  },
  beta_a1111: {
    title: 'Beta (A1111)',
    description: 'What A1111 calls Beta: the quantiles taken over the levels.',
    publicNames: { a1111: 'Beta', comfyui: null },
    levels: betaA1111,
  },
  kl_optimal: {
    title: 'KL Optimal',
    description: 'Equal angles, of which the levels are the tangents.',
    publicNames: { a1111: null, comfyui: 'kl_optimal' },
    levels: klOptimal,
  },
  kl_optimal_a1111: {
    title: 'KL Optimal (A1111)',
    description: 'What A1111 calls KL Optimal: it ends at the smallest level.',
    publicNames: { a1111: 'KL Optimal', comfyui: null },
    levels: klOptimalA1111,
  },
  align_your_steps: {
    title: 'Align Your Steps',
    description: 'Published lists for 10 steps, and what lies between their levels.',
    publicNames: { a1111: null, comfyui: 'AlignYourStepsScheduler' },
    isPublishedList: true,
    levels: alignYourSteps,
  },
  align_your_steps_a1111: {
    title: 'Align Your Steps (A1111)',
    description: 'What A1111 calls Align Your Steps: the lists with three digits, and a step more to no noise.',
    publicNames: { a1111: 'Align Your Steps', comfyui: null },
    isPublishedList: true,
    levels: alignYourStepsA1111,
  },
  linear_quadratic: {
    title: 'Linear Quadratic',
    description: 'Half of the steps where nearly all is noise, then faster and faster down.',
    publicNames: { a1111: null, comfyui: 'linear_quadratic' },
    levels: linearQuadratic,
  },
} satisfies Record<string, ScheduleRow>);

export type ScheduleId = keyof typeof schedules;

export const scheduleIds = Object.freeze(Object.keys(schedules) as ScheduleId[]);
