import { rolesOf } from '../../../src/generation/row-roles.ts';
import {
  type Conditioning,
  type StepConditionings,
  throughout,
} from '../../../src/pipeline/conditioning/conditioning.ts';
import { controlWeights } from '../../../src/pipeline/controls/control-weights.ts';
import type { ControlInputs } from '../../../src/pipeline/controls/control-work.ts';
import type {
  ImageTokenControl,
  ResidualControl,
  SampleControl,
} from '../../../src/pipeline/controls/sample-control.ts';
import { splitNetworks } from '../../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../../src/pipeline/denoise-loop.ts';
import { type Pass, torchNoise } from '../../../src/pipeline/pass.ts';
import { rowOf } from '../../../src/pipeline/row.ts';
import { type Sample, startSample } from '../../../src/pipeline/sample.ts';
import type { Region } from '../../../src/pixels/region.ts';
import type { Scheduler } from '../../../src/schedulers/scheduler.ts';
import { AnalyticNetworks } from './analytic-networks.ts';

/** A tenth of the last prediction of a step is taken away; timesteps fall by 100 a step, by 10 an evaluation. */
export function tenthScheduler(steps: number, stages = 1): Scheduler {
  const evaluations = Array.from({ length: steps * stages }, (_, index) => {
    const [step, stage] = [Math.floor(index / stages), index % stages];
    return { step, stage, timestep: 900 - 100 * step - 10 * stage, level: 1 };
  });
  return {
    evaluations,
    initialNoiseSigma: 1,
    start: (latents) => ({ evaluation: 0, latents, memory: {} }),
    ask: ({ evaluation, latents }) => ({ ...evaluations[evaluation]!, latents }),
    answer: ({ evaluation, latents, memory }, output) => ({
      evaluation: evaluation + 1,
      latents:
        evaluations[evaluation]!.stage < stages - 1 ? latents : latents.map((value, i) => value - output[i]! / 10),
      memory,
    }),
    clean: ({ latents }) => latents,
    addNoise: (original) => original,
  };
}

export function limits(maxRows: number, workingMemory = 1e9): { maxRows: number; workingMemory: number } {
  return { maxRows, workingMemory };
}

export interface Options {
  readonly base?: string;
  readonly steps?: number;
  readonly value?: number;
  readonly guidance?: number;
  /** At which steps guidance acts; absent: at all of them. */
  readonly guided?: readonly number[];
  readonly width?: number;
  readonly branches?: Pass['branches'];
  readonly controls?: readonly SampleControl[];
  readonly prompts?: readonly { readonly weight: number; readonly conditionings: StepConditionings }[];
}

export function sample(options: Options = {}): Sample {
  const { base = 'toy', steps = 4, value = 1, guidance = 2, width = 2, controls = [], branches = [] } = options;
  const scheduler = tenthScheduler(steps);
  const prompts = [...(options.prompts ?? [{ weight: 1, conditionings: told(value) }])];
  const roles = rolesOf({ scale: guidance }, prompts.length);
  const questions = roles.map((role) => ({
    role,
    weight: 1,
    conditionings: told(0),
    ...(role === 'prompt' ? prompts.shift() : {}),
  }));
  const pass: Pass = {
    base,
    shape: [1, 1, width],
    scheduler,
    guidance: { scale: guidance, rescale: 0, actsAt: options.guided && ((step) => options.guided!.includes(step)) },
    rows: questions.map((question) => rowOf(question, controls)),
    structure: '',
    branches,
    over: null,
    noiseFrom: torchNoise([1, 1, width], { from: 0.01, to: 20 }),
  };
  const { noise } = startSample(pass, { seed: 0 }).state;
  return {
    pass,
    seeds: { seed: 0 },
    blend: null,
    kept: null,
    watch: null,
    shown: null,
    state: { ...scheduler.start(Float32Array.from({ length: width }, (_, i) => value + i)), noise },
  };
}

/** A context of so many tokens, alike but for the first. */
export function tokens(value: number, length = 1): Conditioning {
  const data = Float32Array.from({ length }, (_, token) => (token === 0 ? value : 0.5));
  return { context: { dims: [length, 1], data } };
}

export function told(value: number, length = 1): StepConditionings {
  return throughout(tokens(value, length));
}

export function control(
  network: string,
  hint: number,
  mode: 'balanced' | 'control' = 'balanced',
  start = 0,
  end = 1,
): ResidualControl {
  const weights = controlWeights(mode, 1, 2);
  const hints = Float32Array.of(hint, hint);
  return { acts: 'residuals', network, every: 1, hint: hints, start, end, weights, inputs: within(null) };
}

/** One of so many keys, and as many values. */
export function imagePrompt(count = 0): ImageTokenControl {
  const keys = [new Float32Array(count)];
  const [tokens, weight] = [{ count: 1, keys, values: keys }, Float32Array.of(1)];
  return {
    acts: 'imageTokens',
    tokens: { prompt: tokens, others: tokens },
    start: 0,
    end: 1,
    weights: { prompt: weight, others: weight },
    inputs: within(null),
  };
}

export function within(region: Region | null): ControlInputs {
  return { map: { width: 4, height: 1, data: new Uint8Array(12) }, region, remarks: [] };
}

export async function drawAlone(options: Options): Promise<Float32Array> {
  const alone = sample(options);
  const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(64));
  loop.join([alone]);
  while (loop.size > 0) await loop.tick();
  return alone.state.latents;
}

/** A LoRA `name` of such a rank on every row. */
export const lora = (name: string, rank = 8): Pass['branches'] => [{ lora: name, scale: 1, rank }];
