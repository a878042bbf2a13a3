import { ddim } from '../../src/schedulers/ddim.ts';
import { ddpm } from '../../src/schedulers/ddpm.ts';
import { deis } from '../../src/schedulers/deis.ts';
import { dpm2, dpm2Ancestral } from '../../src/schedulers/dpm2.ts';
import { dpmSinglestep } from '../../src/schedulers/dpm-singlestep.ts';
import { dpmppSde } from '../../src/schedulers/dpmpp-single.ts';
import { heun } from '../../src/schedulers/heun.ts';
import { lms } from '../../src/schedulers/lms.ts';
import { pndm } from '../../src/schedulers/pndm.ts';
import { tcd } from '../../src/schedulers/tcd.ts';
import { dpmSolver } from '../../src/schedulers/dpm-solver.ts';
import { eulerAncestral } from '../../src/schedulers/euler-ancestral.ts';
import { euler } from '../../src/schedulers/euler.ts';
import { lcm } from '../../src/schedulers/lcm.ts';
import type { SamplerFamily } from '../../src/schedulers/family.ts';
import type { SamplerOptions } from '../../src/schedulers/options.ts';
import { createPart, type PartOfSteps, type SchedulePart } from '../../src/schedulers/part.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import type { NoiseSchedule, Scheduler } from '../../src/schedulers/scheduler.ts';
import { uniPc } from '../../src/schedulers/unipc.ts';

type Create = (schedule: NoiseSchedule, part: SchedulePart, given: Partial<SamplerOptions>) => Scheduler;

function created<Options>(family: SamplerFamily<Options>): Create {
  return (schedule, part, given) => createPart(family, schedule, part, family.resolve(given));
}

/** Samplers by the names of diffusers' classes. */
const samplers: Readonly<Record<string, Create>> = {
  DDIMScheduler: created(ddim),
  EulerDiscreteScheduler: created(euler),
  EulerAncestralDiscreteScheduler: created(eulerAncestral),
  DPMSolverMultistepScheduler: created(dpmSolver),
  UniPCMultistepScheduler: created(uniPc),
  LCMScheduler: created(lcm),
  DDPMScheduler: created(ddpm),
  PNDMScheduler: created(pndm),
  LMSDiscreteScheduler: created(lms),
  HeunDiscreteScheduler: created(heun),
  KDPM2DiscreteScheduler: created(dpm2),
  KDPM2AncestralDiscreteScheduler: created(dpm2Ancestral),
  DPMSolverSinglestepScheduler: created(dpmSinglestep),
  DPMSolverSDEScheduler: created(dpmppSde),
  DEISMultistepScheduler: created(deis),
  TCDScheduler: created(tcd),
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
  cut: PartOfSteps = { strength: 1 },
): Scheduler {
  const create = samplers[className];
  if (create === undefined) throw new Error(`No sampler stands for ${className}`);
  const { schedule, samplerDefaults } = noiseScheduleFrom({ _class_name: className, ...config });
  return create(schedule, { steps, ...cut }, { ...samplerDefaults, ...given });
}
