import { ArmatureError } from '../errors.ts';
import { ddim } from './ddim.ts';
import { ddpm } from './ddpm.ts';
import { deis } from './deis.ts';
import { dpm2, dpm2Ancestral } from './dpm2.ts';
import { dpmSinglestep } from './dpm-singlestep.ts';
import { dpmSolver } from './dpm-solver.ts';
import { dpmpp2sAncestral, dpmppSde } from './dpmpp-single.ts';
import { eulerAncestral } from './euler-ancestral.ts';
import { euler } from './euler.ts';
import { checkSteps, type SamplerFamily, type StepLimit } from './family.ts';
import { heun } from './heun.ts';
import { lcm } from './lcm.ts';
import { lms } from './lms.ts';
import type { SamplerOptions } from './options.ts';
import { createPart, type SchedulePart, stepsOfPart } from './part.ts';
import { pndm } from './pndm.ts';
import type { NoiseSchedule, Scheduler } from './scheduler.ts';
import { tcd } from './tcd.ts';
import { uniPc } from './unipc.ts';

/** A sampler as users know it: a family with the options that its name stands for, and all that others have to know of it. */
export interface SamplerRow {
  readonly title: string;
  readonly description: string;
  readonly publicNames: PublicNames;
  /** How often the network is asked in each step. */
  readonly evaluationsPerStep: number;
  /** Its share of fresh noise in each step where none is asked for; null where it has none to set. */
  readonly eta: number | null;
  /** Every option that it works with: what its name fixes, else what is given, else the family's default. */
  resolve(given: Partial<SamplerOptions>): Partial<SamplerOptions>;
  stepLimit(schedule: NoiseSchedule, given: Partial<SamplerOptions>, strength: number): StepLimit;
  /** How many steps a run through that part makes; 0 where nothing is left of it. */
  stepsOf(part: SchedulePart): number;
  create(schedule: NoiseSchedule, part: SchedulePart, given: Partial<SamplerOptions>): Scheduler;
}

/** What other programs call a sampler; null where they have none like it. */
export interface PublicNames {
  /** The class. */
  readonly diffusers: string | null;
  /** The sampler, with the schedule type behind it where the id fixes that. */
  readonly a1111: string | null;
  /** The sampler of a KSampler, with its scheduler behind it where the id fixes that. */
  readonly comfyui: string | null;
}

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

/** How many steps a run through a part of a schedule makes: what people see and what is paid for. */
export function stepsRun(id: SchedulerId, part: SchedulePart): number {
  return schedulers[id].stepsOf(part);
}

/**
 * The sampler of that id for a run of `steps` steps, or, with a `strength`, the last part of it that makes any. `given` is what the model's scheduler_config.json says (see
 * `noiseScheduleFrom`) and what the request adds. Throws `invalid_request` for steps or an eta that the sampler cannot
 * have, `model_invalid` where the model's file asks for what does not work.
 */
export function createScheduler(
  id: SchedulerId,
  schedule: NoiseSchedule,
  steps: number,
  given: Partial<SamplerOptions> = {},
  strength = 1,
): Scheduler {
  const chosen: SamplerRow = schedulers[id];
  if (given.eta !== undefined) checkEta(id, chosen, given.eta);
  checkSteps(steps, chosen.stepLimit(schedule, given, strength));
  return chosen.create(schedule, { steps, strength }, given);
}

function checkEta(id: SchedulerId, { title, eta: own }: SamplerRow, eta: number): void {
  if (own === null) {
    if (eta === 0) return;
    const detail = `Expected no eta with the scheduler ${id} (${title} has no share of fresh noise to set) but received ${eta}. Schedulers with eta: ${schedulersWithEta.join(', ')}.`;
    throw new ArmatureError('invalid_request', detail, { field: 'eta' });
  }
  if (eta >= 0 && eta <= 1) return;
  const detail = `Expected eta to be a number from 0 to 1 but received ${eta}.`;
  throw new ArmatureError('invalid_request', detail, { field: 'eta' });
}

/** The share of fresh noise that a sampler has where none is asked for; 0 where it has none to set. */
export function ownEta(id: SchedulerId): number {
  return schedulers[id].eta ?? 0;
}

/** The row of a family with the options that the id stands for. */
function row<Options extends Partial<SamplerOptions>>(
  family: SamplerFamily<Options>,
  {
    fixed,
    ...words
  }: Pick<SamplerRow, 'title' | 'description' | 'publicNames'> & { readonly fixed: Partial<SamplerOptions> },
): SamplerRow {
  const resolve = (given: Partial<SamplerOptions>): Options => family.resolve({ ...given, ...fixed });
  return Object.freeze({
    ...words,
    evaluationsPerStep: family.evaluationsPerStep,
    eta: family.resolve({}).eta ?? null,
    resolve,
    stepLimit: (schedule: NoiseSchedule, given: Partial<SamplerOptions>, strength: number) =>
      family.stepLimit(schedule, resolve(given), family.strengthCutsSchedule === true ? strength : 1),
    stepsOf: (part: SchedulePart) => (family.strengthCutsSchedule === true ? part.steps : stepsOfPart(part)),
    create: (schedule: NoiseSchedule, part: SchedulePart, given: Partial<SamplerOptions>) =>
      createPart(family, schedule, part, resolve(given)),
  });
}
