import { ArmatureError } from '../errors.ts';
import { ddim } from './ddim.ts';
import { dpmSolver } from './dpm-solver.ts';
import { eulerAncestral } from './euler-ancestral.ts';
import { euler } from './euler.ts';
import { checkSteps, type SamplerFamily, type StepLimit } from './family.ts';
import { lcm } from './lcm.ts';
import type { SamplerOptions } from './options.ts';
import { createPart, type SchedulePart, stepsOfPart } from './part.ts';
import type { NoiseSchedule, Scheduler } from './scheduler.ts';
import { uniPc } from './unipc.ts';

/** A sampler as users know it: a family with the options that its name stands for, and all that others have to know of it. */
export interface SamplerRow {
  readonly title: string;
  readonly description: string;
  readonly publicNames: PublicNames;
  /** How often the network is asked in each step. */
  readonly evaluationsPerStep: number;
  /** Whether eta may be other than 0. */
  readonly takesEta: boolean;
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
  readonly diffusers: string;
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
  lcm: row(lcm, {
    title: 'LCM',
    description: 'For latent consistency models only: 2 to 8 steps.',
    publicNames: { diffusers: 'LCMScheduler', a1111: 'LCM', comfyui: 'lcm' },
    fixed: {},
  }),
} satisfies Record<string, SamplerRow>);

export type SchedulerId = keyof typeof schedulers;

export const schedulerIds = Object.freeze(Object.keys(schedulers) as SchedulerId[]);

/** The sampler of models that ask for none. */
export const usualScheduler: SchedulerId = 'dpmpp_2m';

export const schedulersWithEta = schedulerIds.filter((id) => schedulers[id].takesEta);

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
  if (!chosen.takesEta && given.eta !== undefined && given.eta !== 0) {
    throw new ArmatureError(
      'invalid_request',
      `Expected eta 0 with the scheduler ${id} (${chosen.title} has no share of fresh noise to set) but received ${given.eta}. Schedulers with eta: ${schedulersWithEta.join(', ')}.`,
      { field: 'eta' },
    );
  }
  checkSteps(steps, chosen.stepLimit(schedule, given, strength));
  return chosen.create(schedule, { steps, strength }, given);
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
    takesEta: 'eta' in family.resolve({}),
    resolve,
    stepLimit: (schedule: NoiseSchedule, given: Partial<SamplerOptions>, strength: number) =>
      family.stepLimit(schedule, resolve(given), family.strengthCutsSchedule === true ? strength : 1),
    stepsOf: (part: SchedulePart) => (family.strengthCutsSchedule === true ? part.steps : stepsOfPart(part)),
    create: (schedule: NoiseSchedule, part: SchedulePart, given: Partial<SamplerOptions>) =>
      createPart(family, schedule, part, resolve(given)),
  });
}
