import { ddim } from '../../src/schedulers/ddim.ts';
import { dpmSolver } from '../../src/schedulers/dpm-solver.ts';
import { eulerAncestral } from '../../src/schedulers/euler-ancestral.ts';
import { euler } from '../../src/schedulers/euler.ts';
import { lcm } from '../../src/schedulers/lcm.ts';
import type { SamplerOptions } from '../../src/schedulers/options.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import type { NoiseSchedule, Scheduler } from '../../src/schedulers/scheduler.ts';
import { uniPc } from '../../src/schedulers/unipc.ts';

type Create = (schedule: NoiseSchedule, steps: number, given: Partial<SamplerOptions>) => Scheduler;

/** Samplers by the names of diffusers' classes. */
const samplers: Readonly<Record<string, Create>> = {
  DDIMScheduler: (schedule, steps, given) => ddim.create(schedule, steps, ddim.resolve(given)),
  EulerDiscreteScheduler: (schedule, steps, given) => euler.create(schedule, steps, euler.resolve(given)),
  EulerAncestralDiscreteScheduler: (schedule, steps, given) =>
    eulerAncestral.create(schedule, steps, eulerAncestral.resolve(given)),
  DPMSolverMultistepScheduler: (schedule, steps, given) => dpmSolver.create(schedule, steps, dpmSolver.resolve(given)),
  UniPCMultistepScheduler: (schedule, steps, given) => uniPc.create(schedule, steps, uniPc.resolve(given)),
  LCMScheduler: (schedule, steps, given) => lcm.create(schedule, steps, lcm.resolve(given)),
};

export function hasSampler(className: string): boolean {
  return className in samplers;
}

/** The sampler that diffusers' class of that name and config is. */
export function samplerOf(
  className: string,
  config: Record<string, unknown>,
  steps: number,
  given: Partial<SamplerOptions> = {},
): Scheduler {
  const create = samplers[className];
  if (create === undefined) throw new Error(`No sampler stands for ${className}`);
  const { schedule, samplerDefaults } = noiseScheduleFrom({ _class_name: className, ...config });
  return create(schedule, steps, { ...samplerDefaults, ...given });
}
