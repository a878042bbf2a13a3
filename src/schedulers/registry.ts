import { ddim } from './ddim.ts';
import { ddpm } from './ddpm.ts';
import { deis } from './deis.ts';
import { dpm2, dpm2Ancestral } from './dpm2.ts';
import { dpmSinglestep } from './dpm-singlestep.ts';
import { dpmSolver } from './dpm-solver.ts';
import { dpmpp2sAncestral, dpmppSde } from './dpmpp-single.ts';
import { eulerAncestral } from './euler-ancestral.ts';
import { euler } from './euler.ts';
import { heun } from './heun.ts';
import { lcm } from './lcm.ts';
import { lms } from './lms.ts';
import { pndm } from './pndm.ts';
import { row, type SamplerRow } from './sampler-row.ts';
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
