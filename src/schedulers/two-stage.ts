import { linearCombination } from '../numeric/linear-combination.ts';
import { cleanWeights, initialSigma, predictedOrigin, toUnitVariance, type EulerSchedule } from './euler-schedule.ts';
import { nextEvaluation } from './evaluations.ts';
import { mixNoise } from './prediction.ts';
import type { Evaluation, Noise, NoiseSchedule, SigmaScheduler } from './scheduler.ts';
import { timestepOf, withFinalSigma } from './sigmas.ts';
import type { SpacingOptions } from './timestep-spacing.ts';

/** The sample that the second evaluation of a step looks at; null between steps. */
export type TwoStageMemory = { readonly midway: Float32Array | null };

/** A step of Euler's method from a level down to another, and how much fresh noise comes on top of it. */
export interface Leap {
  readonly down: number;
  /** Standard deviation; 0 draws none. */
  readonly up: number;
}

/** A method that asks the network twice in a step: at its start, and somewhere on the way. */
export interface TwoStageMethod {
  /** How the sample gets from level `from` to the second evaluation, which is made at the level that it then has. */
  midway(from: number, to: number): Leap;
  /** How it gets from the start of the step to its end. */
  whole(from: number, to: number): Leap;
  /**
   * What the whole step goes by: `slope`, that at the second evaluation. `mean`, that of both. `clean`, the line to the clean sample
   * that the second one points to.
   */
  readonly by: 'slope' | 'mean' | 'clean';
  /** Fresh noise from level to level, where there is any. */
  noise?(noise: Noise, from: number, to: number): Float32Array;
}

export interface TwoStageRun {
  readonly schedule: NoiseSchedule;
  readonly levels: EulerSchedule;
  readonly spacing: SpacingOptions;
}

/** A sampler of two evaluations a step; the last one, which ends without noise, is a step of Euler's method and has one. */
export function twoStage(method: TwoStageMethod, run: TwoStageRun): SigmaScheduler<TwoStageMemory> {
  const { schedule, levels, spacing } = run;
  const sigmas = withFinalSigma(levels.sigmas, levels.final ?? 0);
  const sigmaOf = (step: number): number => sigmas[step] ?? Number.NaN;
  const evaluations = levels.timesteps.flatMap((timestep, step): Evaluation[] => {
    const [from, to] = [sigmaOf(step), sigmaOf(step + 1)];
    const first = { step, stage: 0, timestep, level: from };
    if (to === 0) return [first];
    const level = levelOf(method.midway(from, to));
    const next = levels.timesteps[step + 1];
    // At the end of the step the network is asked as at the start of the next.
    const second = method.by === 'mean' ? next : Math.fround(timestepOf(level, levels.logTable));
    return [first, { step, stage: 1, timestep: second ?? 0, level }];
  });
  const evaluationOf = (index: number): Evaluation => nextEvaluation(evaluations, { evaluation: index });

  return {
    evaluations,
    sigmas,
    initialNoiseSigma: initialSigma(spacing, sigmas),
    start: (latents, from = 0) => ({ evaluation: from, latents, memory: { midway: null } }),
    ask(state) {
      const next = nextEvaluation(evaluations, state);
      return { ...next, latents: toUnitVariance(state.memory.midway ?? state.latents, next.level) };
    },
    answer({ evaluation, latents, memory }, prediction, noise) {
      const { step, stage, level } = evaluationOf(evaluation);
      const [from, to] = [sigmaOf(step), sigmaOf(step + 1)];
      const clean = cleanWeights(schedule, level);
      if (stage === 0) {
        const leap = to === 0 ? { down: 0, up: 0 } : method.midway(from, to);
        const { down, up } = leap;
        const slope = (down - from) / from;
        const arrived = linearCombination([
          [1 + (1 - clean.sample) * slope, latents],
          [-clean.output * slope, prediction],
          ...freshNoise(method, noise, up, from, levelOf(leap)),
        ]);
        if (to === 0) return { evaluation: evaluation + 1, latents: arrived, memory };
        return { evaluation: evaluation + 1, latents, memory: { midway: arrived } };
      }
      const { down, up } = method.whole(from, to);
      const way = wayBy(method.by, from, down, level);
      const arrived = linearCombination([
        [way.sample, latents],
        [way.midway + way.clean * clean.sample, memory.midway ?? latents],
        [way.clean * clean.output, prediction],
        ...freshNoise(method, noise, up, from, to),
      ]);
      return { evaluation: evaluation + 1, latents: arrived, memory: { midway: null } };
    },
    clean: ({ evaluation, latents, memory }, prediction) =>
      predictedOrigin(schedule, evaluationOf(evaluation).level, prediction, memory.midway ?? latents),
    // At a second evaluation diffusers takes the level that the step ends at.
    addNoise(original, noise, index) {
      const { step, stage } = evaluationOf(index);
      return mixNoise({ alpha: 1, sigma: sigmaOf(step + stage) }, original, noise);
    },
  };
}

function levelOf({ down, up }: Leap): number {
  return Math.fround(Math.hypot(down, up));
}

/** Weights of the step's start, of the sample midway and of the clean sample seen from there, in the end of the step. */
function wayBy(
  by: TwoStageMethod['by'],
  from: number,
  down: number,
  level: number,
): { readonly sample: number; readonly midway: number; readonly clean: number } {
  if (by === 'clean') return { sample: down / from, midway: 0, clean: 1 - down / from };
  const slope = (down - from) / level;
  if (by === 'slope') return { sample: 1, midway: slope, clean: -slope };
  // Half of the way was gone by the slope at the start: that half is the sample midway.
  return { sample: 0.5, midway: 0.5 + slope / 2, clean: -slope / 2 };
}

function freshNoise(
  method: TwoStageMethod,
  noise: Noise,
  up: number,
  from: number,
  to: number,
): (readonly [number, Float32Array])[] {
  if (up === 0 || method.noise === undefined) return [];
  return [[up, method.noise(noise, from, to)]];
}
