import { ddim } from './ddim.ts';
import { ddpm } from './ddpm.ts';
import { deis } from './deis.ts';
import { dpm2, dpm2Ancestral } from './dpm2.ts';
import { dpmSinglestep } from './dpm-singlestep.ts';
import { dpmSolver } from './dpm-solver.ts';
import { dpmpp2sAncestral, dpmppSde } from './dpmpp-single.ts';
import { eulerAncestral } from './euler-ancestral.ts';
import { euler } from './euler.ts';
import { checkSteps } from './family.ts';
import { heun } from './heun.ts';
import { lcm } from './lcm.ts';
import { lms } from './lms.ts';
import type { SamplerOptions } from './options.ts';
import type { PartOfSteps, SchedulePart } from './part.ts';
import { pndm } from './pndm.ts';
import { checkChurn, checkEta, checkSchedule, refuseOtherSchedule } from './sampler-choice.ts';
import { row, type SamplerRow } from './sampler-row.ts';
import type { NoiseSchedule, Scheduler } from './scheduler.ts';
import type { ScheduleId } from './schedules/registry.ts';
import { tcd } from './tcd.ts';
import { uniPc } from './unipc.ts';

/** Options that a pair of ids such as `euler` and `euler_karras` tells apart are fixed in both. */
const even = { sigmaSpacing: 'schedule' } as const;
const karras = { sigmaSpacing: 'karras' } as const;
const dpmpp2m = { algorithmType: 'dpmsolver++', solverOrder: 2 } as const;
const dpmpp2mSde = { algorithmType: 'sde-dpmsolver++', solverOrder: 2 } as const;
const dpmpp3m = { algorithmType: 'dpmsolver++', solverOrder: 3 } as const;

/** Every sampler, by id, in the order in which they are listed. A new one is one folder or file and one row here. */
export const schedulers = Object.freeze({
  ddim: row(ddim, {
    title: 'DDIM',
    description: 'Deterministic unless eta is set; the sampler that most references are drawn with.',
    publicNames: { diffusers: 'DDIMScheduler', a1111: 'DDIM', comfyui: 'ddim' },
    fixed: {},
  }),
  euler: row(euler, {
    title: 'Euler',
    description: 'One Euler step a noise level; plain and dependable at 20 to 30 steps.',
    publicNames: { diffusers: 'EulerDiscreteScheduler', a1111: 'Euler', comfyui: 'euler' },
    fixed: even,
  }),
  euler_karras: row(euler, {
    title: 'Euler Karras',
    description: 'Euler with finer steps where little noise is left.',
    publicNames: { diffusers: 'EulerDiscreteScheduler', a1111: 'Euler Karras', comfyui: 'euler, karras' },
    combines: { scheduler: 'euler', schedule: 'karras' },
    fixed: karras,
  }),
  euler_a: row(eulerAncestral, {
    title: 'Euler a',
    description: 'Adds fresh noise in every step; pictures go on changing with more steps.',
    publicNames: {
      diffusers: 'EulerAncestralDiscreteScheduler',
      a1111: 'Euler a',
      comfyui: 'euler_ancestral',
    },
    fixed: {},
  }),
  dpmpp_2m: row(dpmSolver, {
    title: 'DPM++ 2M',
    description: 'Second-order multistep solver; good pictures from 15 to 25 steps.',
    publicNames: { diffusers: 'DPMSolverMultistepScheduler', a1111: 'DPM++ 2M', comfyui: 'dpmpp_2m' },
    fixed: { ...dpmpp2m, ...even },
  }),
  dpmpp_2m_karras: row(dpmSolver, {
    title: 'DPM++ 2M Karras',
    description: 'DPM++ 2M with finer steps where little noise is left.',
    publicNames: { diffusers: 'DPMSolverMultistepScheduler', a1111: 'DPM++ 2M Karras', comfyui: 'dpmpp_2m, karras' },
    combines: { scheduler: 'dpmpp_2m', schedule: 'karras' },
    fixed: { ...dpmpp2m, ...karras },
  }),
  dpmpp_2m_sde: row(dpmSolver, {
    title: 'DPM++ 2M SDE',
    description: 'DPM++ 2M with fresh noise in every step.',
    publicNames: { diffusers: 'DPMSolverMultistepScheduler', a1111: 'DPM++ 2M SDE', comfyui: 'dpmpp_2m_sde' },
    fixed: { ...dpmpp2mSde, ...even },
  }),
  dpmpp_2m_sde_karras: row(dpmSolver, {
    title: 'DPM++ 2M SDE Karras',
    description: 'DPM++ 2M SDE with finer steps where little noise is left.',
    publicNames: {
      diffusers: 'DPMSolverMultistepScheduler',
      a1111: 'DPM++ 2M SDE Karras',
      comfyui: 'dpmpp_2m_sde, karras',
    },
    combines: { scheduler: 'dpmpp_2m_sde', schedule: 'karras' },
    fixed: { ...dpmpp2mSde, ...karras },
  }),
  dpmpp_3m: row(dpmSolver, {
    title: 'DPM++ 3M',
    description: 'Third-order multistep solver, best with low guidance.',
    publicNames: { diffusers: 'DPMSolverMultistepScheduler', a1111: null, comfyui: null },
    fixed: { ...dpmpp3m, ...even },
  }),
  dpmpp_3m_karras: row(dpmSolver, {
    title: 'DPM++ 3M Karras',
    description: 'DPM++ 3M with finer steps where little noise is left.',
    publicNames: { diffusers: 'DPMSolverMultistepScheduler', a1111: null, comfyui: null },
    combines: { scheduler: 'dpmpp_3m', schedule: 'karras' },
    fixed: { ...dpmpp3m, ...karras },
  }),
  unipc: row(uniPc, {
    title: 'UniPC',
    description: 'Predictor and corrector in one; good pictures from 10 steps.',
    publicNames: { diffusers: 'UniPCMultistepScheduler', a1111: 'UniPC', comfyui: 'uni_pc' },
    fixed: {},
  }),
  ddpm: row(ddpm, {
    title: 'DDPM',
    description: 'The ancestral chain that the models were trained for; wants many steps.',
    publicNames: { diffusers: 'DDPMScheduler', a1111: null, comfyui: 'ddpm' },
    fixed: {},
  }),
  pndm: row(pndm, {
    title: 'PNDM (PLMS)',
    description: 'Linear multistep method of the first releases; asks the network once more in its first step.',
    publicNames: { diffusers: 'PNDMScheduler', a1111: 'PLMS', comfyui: null },
    fixed: { skipPrkSteps: true },
  }),
  lms: row(lms, {
    title: 'LMS',
    description: 'Linear multistep method of order 4; wants 30 steps or more.',
    publicNames: { diffusers: 'LMSDiscreteScheduler', a1111: 'LMS', comfyui: 'lms' },
    fixed: even,
  }),
  heun: row(heun, {
    title: 'Heun',
    description: "Euler's step corrected by the slope at its end; two evaluations a step.",
    publicNames: { diffusers: 'HeunDiscreteScheduler', a1111: 'Heun', comfyui: 'heun' },
    fixed: even,
  }),
  dpm2: row(dpm2, {
    title: 'DPM2',
    description: 'A step by the slope in its middle; two evaluations a step.',
    publicNames: { diffusers: 'KDPM2DiscreteScheduler', a1111: 'DPM2', comfyui: 'dpm_2' },
    fixed: even,
  }),
  dpm2_a: row(dpm2Ancestral, {
    title: 'DPM2 a',
    description: 'DPM2 with fresh noise in every step; two evaluations a step.',
    publicNames: { diffusers: 'KDPM2AncestralDiscreteScheduler', a1111: 'DPM2 a', comfyui: 'dpm_2_ancestral' },
    fixed: even,
  }),
  dpmpp_2s: row(dpmSinglestep, {
    title: 'DPM++ 2S',
    description: 'Second-order solver whose steps go in pairs from one start.',
    publicNames: { diffusers: 'DPMSolverSinglestepScheduler', a1111: null, comfyui: null },
    fixed: { algorithmType: 'dpmsolver++', solverOrder: 2, ...even },
  }),
  dpmpp_2s_a: row(dpmpp2sAncestral, {
    title: 'DPM++ 2S a',
    description: 'DPM++ 2S with fresh noise in every step; two evaluations a step.',
    publicNames: { diffusers: null, a1111: 'DPM++ 2S a', comfyui: 'dpmpp_2s_ancestral' },
    fixed: even,
  }),
  dpmpp_sde: row(dpmppSde, {
    title: 'DPM++ SDE',
    description: 'Stochastic solver; good pictures from 10 steps, of two evaluations each.',
    publicNames: { diffusers: 'DPMSolverSDEScheduler', a1111: 'DPM++ SDE', comfyui: 'dpmpp_sde' },
    fixed: even,
  }),
  dpmpp_3m_sde: row(dpmSolver, {
    title: 'DPM++ 3M SDE',
    description: 'DPM++ 3M with fresh noise in every step; wants 30 steps or more.',
    publicNames: { diffusers: 'DPMSolverMultistepScheduler', a1111: 'DPM++ 3M SDE', comfyui: 'dpmpp_3m_sde' },
    fixed: { algorithmType: 'sde-dpmsolver++', solverOrder: 3, ...even },
  }),
  deis: row(deis, {
    title: 'DEIS',
    description: 'Exponential integrator over several steps; good pictures from 10 steps.',
    publicNames: { diffusers: 'DEISMultistepScheduler', a1111: null, comfyui: 'deis' },
    fixed: { solverOrder: 3, ...even },
  }),
  lcm: row(lcm, {
    title: 'LCM',
    description: 'For latent consistency models only: 2 to 8 steps.',
    publicNames: { diffusers: 'LCMScheduler', a1111: 'LCM', comfyui: 'lcm' },
    fixed: {},
  }),
  tcd: row(tcd, {
    title: 'TCD',
    description: 'For trajectory consistency models only: 2 to 8 steps.',
    publicNames: { diffusers: 'TCDScheduler', a1111: null, comfyui: null },
    fixed: {},
  }),
} satisfies Record<string, SamplerRow>);

export type SchedulerId = keyof typeof schedulers;

export const schedulerIds = Object.freeze(Object.keys(schedulers) as SchedulerId[]);

/** The sampler of models that ask for none. */
export const usualScheduler: SchedulerId = 'dpmpp_2m';

export const schedulersWithEta = schedulerIds.filter((id) => schedulers[id].eta !== null);
export const schedulersWithChurn = schedulerIds.filter((id) => schedulers[id].takesChurn);
export const schedulersWithSchedule = schedulerIds.filter((id) => schedulers[id].takesSchedule);

/** How many steps a run through a part of a schedule makes: what people see and what is paid for. */
export function stepsRun(id: SchedulerId, part: SchedulePart): number {
  return schedulers[id].stepsOf(part);
}

/**
 * The sampler of that id for a run of `steps` steps, or a part of it. `given` is what the model's scheduler_config.json says (see
 * `noiseScheduleFrom`) and what the request adds. Throws `invalid_request` for steps, a schedule, an eta or a churn that the sampler cannot
 * have, `model_invalid` where the model's file asks for what does not work.
 */
export function createScheduler(
  id: SchedulerId,
  schedule: NoiseSchedule,
  steps: number,
  given: Partial<SamplerOptions> = {},
  cut: PartOfSteps = { strength: 1 },
): Scheduler {
  const run = runAs(id, given.schedule ?? null);
  const chosen: SamplerRow = schedulers[run.id];
  const options = { ...given, schedule: run.schedule };
  if (given.eta !== undefined) checkEta(id, chosen, given.eta, schedulersWithEta);
  checkChurn(id, chosen, given.sChurn ?? 0, schedulersWithChurn);
  if (run.schedule !== null) checkSchedule(id, chosen, run.schedule, schedule, schedulersWithSchedule);
  const part = { steps, ...cut };
  checkSteps(chosen.stepsOfSchedule(part), chosen.stepLimit(schedule, options, cut.strength));
  return chosen.create(schedule, part, options);
}

interface NamedRun {
  readonly id: SchedulerId;
  /** Null: that of the id. */
  readonly schedule: ScheduleId | null;
}

/** A sampler with a schedule is the row that stands for both of them, where there is one. */
function runAs(id: SchedulerId, schedule: ScheduleId | null): NamedRun {
  if (schedule === null) return { id, schedule };
  const { combines }: SamplerRow = schedulers[id];
  if (combines !== null) {
    if (combines.schedule !== schedule) refuseOtherSchedule(id, combines, schedule);
    return { id, schedule: null };
  }
  const both = schedulerIds.find((candidate) => {
    const { combines: pair }: SamplerRow = schedulers[candidate];
    return pair?.scheduler === id && pair.schedule === schedule;
  });
  return both === undefined ? { id, schedule } : { id: both, schedule: null };
}

/** The schedule that a run has: what was asked for, else what the sampler's id stands for; null: the levels are spaced as the model says. */
export function scheduleOf(id: SchedulerId, asked: ScheduleId | null): ScheduleId | null {
  const { combines }: SamplerRow = schedulers[id];
  return asked ?? combines?.schedule ?? null;
}

/** The share of fresh noise that a sampler has where none is asked for; 0 where it has none to set. */
export function ownEta(id: SchedulerId): number {
  return schedulers[id].eta ?? 0;
}
