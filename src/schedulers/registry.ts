import { ArmatureError } from '../errors.ts';
import { ddim } from './ddim.ts';
import { dpmSolver } from './dpm-solver.ts';
import { eulerAncestral } from './euler-ancestral.ts';
import { euler } from './euler.ts';
import type { SamplerFamily } from './family.ts';
import { lcm } from './lcm.ts';
import type { SamplerOptions } from './options.ts';
import type { NoiseSchedule, Scheduler } from './scheduler.ts';
import { uniPc } from './unipc.ts';
import { type SchedulerId, schedulerIds } from './scheduler-id.ts';

/** A sampler as users know it: a family with the options that its name stands for. */
export interface SamplerEntry {
  readonly title: string;
  readonly description: string;
  /** Whether eta may be other than 0. */
  readonly takesEta: boolean;
  /** Every option that it works with: what its name fixes, else what is given, else the family's default. */
  resolve(given: Partial<SamplerOptions>): Partial<SamplerOptions>;
  create(schedule: NoiseSchedule, steps: number, given: Partial<SamplerOptions>): Scheduler;
}

/** Options that a pair of ids such as `euler` and `euler_karras` tells apart are fixed in both. */
const even = { sigmaSpacing: 'schedule' } as const;
const karras = { sigmaSpacing: 'karras' } as const;
const dpmpp2m = { algorithmType: 'dpmsolver++', solverOrder: 2 } as const;
const dpmpp2mSde = { algorithmType: 'sde-dpmsolver++', solverOrder: 2 } as const;
const dpmpp3m = { algorithmType: 'dpmsolver++', solverOrder: 3 } as const;

export const schedulers: Readonly<Record<SchedulerId, SamplerEntry>> = Object.freeze({
  ddim: entry('DDIM', 'Deterministic unless eta is set; the sampler that most references are drawn with.', ddim, {}),
  euler: entry('Euler', 'One Euler step a noise level; plain and dependable at 20 to 30 steps.', euler, even),
  euler_karras: entry('Euler Karras', 'Euler with finer steps where little noise is left.', euler, karras),
  euler_a: entry(
    'Euler a',
    'Adds fresh noise in every step; pictures go on changing with more steps.',
    eulerAncestral,
    {},
  ),
  dpmpp_2m: entry('DPM++ 2M', 'Second-order multistep solver; good pictures from 15 to 25 steps.', dpmSolver, {
    ...dpmpp2m,
    ...even,
  }),
  dpmpp_2m_karras: entry('DPM++ 2M Karras', 'DPM++ 2M with finer steps where little noise is left.', dpmSolver, {
    ...dpmpp2m,
    ...karras,
  }),
  dpmpp_2m_sde: entry('DPM++ 2M SDE', 'DPM++ 2M with fresh noise in every step.', dpmSolver, {
    ...dpmpp2mSde,
    ...even,
  }),
  dpmpp_2m_sde_karras: entry(
    'DPM++ 2M SDE Karras',
    'DPM++ 2M SDE with finer steps where little noise is left.',
    dpmSolver,
    { ...dpmpp2mSde, ...karras },
  ),
  dpmpp_3m: entry('DPM++ 3M', 'Third-order multistep solver, best with low guidance.', dpmSolver, {
    ...dpmpp3m,
    ...even,
  }),
  dpmpp_3m_karras: entry('DPM++ 3M Karras', 'DPM++ 3M with finer steps where little noise is left.', dpmSolver, {
    ...dpmpp3m,
    ...karras,
  }),
  unipc: entry('UniPC', 'Predictor and corrector in one; good pictures from 10 steps.', uniPc, {}),
  lcm: entry('LCM', 'For latent consistency models only: 2 to 8 steps.', lcm, {}),
});

/**
 * The sampler of that id for a run of `steps` steps. `given` is what the model's scheduler_config.json says (see
 * `noiseScheduleFrom`) and what the request adds. Throws `invalid_request` for steps or an eta that the sampler cannot
 * have, `model_invalid` where the model's file asks for what does not work.
 */
export function createScheduler(
  id: SchedulerId,
  schedule: NoiseSchedule,
  steps: number,
  given: Partial<SamplerOptions> = {},
): Scheduler {
  const chosen = schedulers[id];
  if (!chosen.takesEta && given.eta !== undefined && given.eta !== 0) {
    const choices = schedulerIds.filter((other) => schedulers[other].takesEta);
    throw new ArmatureError(
      'invalid_request',
      `Expected eta 0 with the scheduler ${id} (${chosen.title} has no share of fresh noise to set) but received ${given.eta}. Schedulers with eta: ${choices.join(', ')}.`,
      { field: 'eta' },
    );
  }
  return chosen.create(schedule, steps, given);
}

function entry<Options extends Partial<SamplerOptions>>(
  title: string,
  description: string,
  family: SamplerFamily<Options>,
  fixed: Partial<SamplerOptions>,
): SamplerEntry {
  const resolve = (given: Partial<SamplerOptions>): Options => family.resolve({ ...given, ...fixed });
  return Object.freeze({
    title,
    description,
    takesEta: 'eta' in family.resolve({}),
    resolve,
    create: (schedule: NoiseSchedule, steps: number, given: Partial<SamplerOptions>) =>
      family.create(schedule, steps, resolve(given)),
  });
}
