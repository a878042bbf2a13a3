import { ddpm } from '../../src/schedulers/ddpm.ts';
import { deis } from '../../src/schedulers/deis.ts';
import { dpm2, dpm2Ancestral } from '../../src/schedulers/dpm2.ts';
import { dpmSinglestep } from '../../src/schedulers/dpm-singlestep.ts';
import { dpmppSde } from '../../src/schedulers/dpmpp-single.ts';
import { heun } from '../../src/schedulers/heun.ts';
import { lms } from '../../src/schedulers/lms.ts';
import { pndm } from '../../src/schedulers/pndm.ts';
import { tcd } from '../../src/schedulers/tcd.ts';
import { ddim } from '../../src/schedulers/ddim.ts';
import { dpmSolver } from '../../src/schedulers/dpm-solver.ts';
import { eulerAncestral } from '../../src/schedulers/euler-ancestral.ts';
import { euler } from '../../src/schedulers/euler.ts';
import type { SamplerFamily } from '../../src/schedulers/family.ts';
import { lcm } from '../../src/schedulers/lcm.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import type { SamplerOptions } from '../../src/schedulers/options.ts';
import type { Scheduler, SigmaScheduler } from '../../src/schedulers/scheduler.ts';
import { uniPc } from '../../src/schedulers/unipc.ts';

/** The families that are built, by the names of diffusers' classes. */
export const families: Readonly<Record<string, SamplerFamily>> = {
  DDIMScheduler: asFamily(ddim),
  EulerDiscreteScheduler: asFamily(euler),
  EulerAncestralDiscreteScheduler: asFamily(eulerAncestral),
  DPMSolverMultistepScheduler: asFamily(dpmSolver),
  UniPCMultistepScheduler: asFamily(uniPc),
  LCMScheduler: asFamily(lcm),
  DDPMScheduler: asFamily(ddpm),
  PNDMScheduler: asFamily(pndm),
  LMSDiscreteScheduler: asFamily(lms),
  HeunDiscreteScheduler: asFamily(heun),
  KDPM2DiscreteScheduler: asFamily(dpm2),
  KDPM2AncestralDiscreteScheduler: asFamily(dpm2Ancestral),
  DPMSolverSinglestepScheduler: asFamily(dpmSinglestep),
  DPMSolverSDEScheduler: asFamily(dpmppSde),
  DEISMultistepScheduler: asFamily(deis),
  TCDScheduler: asFamily(tcd),
};

export interface ReferenceCase {
  readonly case: string;
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly step_kwargs: Readonly<Record<string, number>>;
}

export type BuiltScheduler = Scheduler & Partial<Pick<SigmaScheduler, 'sigmas'>>;

/** What diffusers' class gives for the case's config and keyword arguments of `step`. */
export function buildReference(reference: ReferenceCase, steps: number): BuiltScheduler {
  const family = families[reference.class];
  if (family === undefined) throw new Error(`No family for ${reference.class}`);
  const { schedule, samplerDefaults } = noiseScheduleFrom(reference.config);
  return family.create(schedule, steps, family.resolve({ ...samplerDefaults, ...stepOptions(reference.step_kwargs) }));
}

function stepOptions(given: Readonly<Record<string, number>>): Partial<SamplerOptions> {
  const names: Readonly<Record<string, string>> = {
    s_churn: 'sChurn',
    s_tmin: 'sTmin',
    s_tmax: 'sTmax',
    s_noise: 'sNoise',
  };
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [names[name] ?? name, value]));
}

function asFamily<Options extends Partial<SamplerOptions>>(family: SamplerFamily<Options>): SamplerFamily {
  return {
    evaluationsPerStep: family.evaluationsPerStep,
    resolve: (given) => family.resolve(given),
    stepLimit: (schedule, options) => family.stepLimit(schedule, options as Options),
    create: (schedule, steps, options) => family.create(schedule, steps, options as Options),
  };
}

/** The network of the references: elementwise, in float64, rounded to float32 at the end. */
export function dummyModel(sample: Float32Array, timestep: number): Float32Array {
  return sample.map((x) => 0.1 * Math.sin(3 * x) + x * (0.2 + (0.6 * timestep) / 1000));
}
