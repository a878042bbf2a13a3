import { roundHalfToEven } from '../numeric/round-half-to-even.ts';
import { ArmatureError } from '../errors.ts';
import { linearCombination } from '../numeric/linear-combination.ts';
import { levelOfAlpha } from './ddim.ts';
import { nextEvaluation } from './evaluations.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { alphasCumprod } from './noise-schedule.ts';
import { resolveOptions, type SamplerOptions } from './options.ts';
import { lastSteps } from './part.ts';
import { plmsWeights, rungeKuttaStage } from './pndm-weights.ts';
import { mixNoise, noiseRatio, predictedClean, predictedNoise } from './prediction.ts';
import type { Evaluation, NoiseSchedule, Scheduler } from './scheduler.ts';
import { spacedTimesteps } from './timestep-spacing.ts';

export type PndmOptions = Pick<SamplerOptions, 'timestepSpacing' | 'stepsOffset' | 'setAlphaToOne' | 'skipPrkSteps'>;

type PndmMemory = {
  /** Evaluations so far, those counted that a run which is begun in the middle leaves out. */
  readonly calls: number;
  /** The network's last outputs, newest first. */
  readonly outputs: readonly Float32Array[];
  /** What the Runge-Kutta stages of this step have come to so far. */
  readonly sum: Float32Array | null;
  /** The sample that a step is made from which an evaluation goes on with; null where that is the present sample. */
  readonly from: Float32Array | null;
  /** What the next evaluation looks at, within a step. */
  readonly within: Float32Array | null;
};

const rungeKuttaSteps = 3;

/**
 * Pseudo numerical methods for diffusion models (Liu et al. 2022, arXiv 2202.09778): the linear multistep method of order 4 (PLMS), warmed up by
 * three Runge-Kutta steps of four evaluations, or, where those are skipped, by a first step of two. Of a picture that is drawn over it takes the last
 * timesteps of its list, where that of the second step stands twice, as diffusers does: it begins a step earlier than others do and makes a first step
 * of two there. Begun in the middle otherwise it has no steps before it: its orders rise from 1.
 */
export const pndm: SamplerFamily<PndmOptions> = {
  resolve: (given) =>
    resolveOptions({ timestepSpacing: 'leading', stepsOffset: 0, setAlphaToOne: false, skipPrkSteps: false }, given),
  evaluationsPerStep: 1,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps),
  create: createPndm,
  createLast(schedule, steps, options, last) {
    if (options.skipPrkSteps) return createPndm(schedule, steps, options, steps - last);
    return lastSteps(createPndm(schedule, steps, options), last);
  },
};

/** `skipped` timesteps of its list are left out, of one without Runge-Kutta steps. */
function createPndm(schedule: NoiseSchedule, steps: number, options: PndmOptions, skipped = 0): Scheduler<PndmMemory> {
  const { trainTimesteps, predictionType } = schedule;
  const { skipPrkSteps } = options;
  if (!skipPrkSteps && steps <= rungeKuttaSteps) {
    const detail = `Expected at least ${rungeKuttaSteps + 1} steps of PNDM with its Runge-Kutta steps but received ${steps}.`;
    throw new ArmatureError('invalid_request', detail, { field: 'steps' });
  }
  const alphas = alphasCumprod(schedule, 'zero');
  const spaced = spacedTimesteps(options, trainTimesteps, steps).map(roundHalfToEven);
  const stride = Math.floor(trainTimesteps / steps);
  const half = Math.floor(stride / 2);
  const finalAlpha = options.setAlphaToOne ? 1 : (alphas[0] ?? 1);
  const alphaAt = (timestep: number): number => (timestep >= 0 ? (alphas[timestep] ?? Number.NaN) : finalAlpha);
  const levelAt = (timestep: number): number => noiseRatio(levelOfAlpha(alphaAt(timestep)));
  const places = skipPrkSteps ? multistepPlaces(spaced, skipped) : rungeKuttaPlaces(spaced, half);
  const evaluations = places.map((place): Evaluation => ({ ...place, level: levelAt(place.timestep) }));
  const timestepOf = (index: number): number => evaluations[index]?.timestep ?? Number.NaN;

  /** The sample at timestep `to` by an output for the sample at timestep `at` (equation 9 of the paper). */
  const moved = (sample: Float32Array, at: number, to: number, output: Float32Array): Float32Array => {
    const [alpha, next] = [alphaAt(at), alphaAt(to)];
    const noise = predictedNoise(predictionType, levelOfAlpha(alpha), output, sample);
    const divisor = alpha * Math.sqrt(1 - next) + Math.sqrt(alpha * (1 - alpha) * next);
    return linearCombination([
      [Math.sqrt(next / alpha), sample],
      [-(next - alpha) / divisor, noise],
    ]);
  };

  return {
    evaluations,
    initialNoiseSigma: 1,
    start: (latents, from = 0) => ({
      evaluation: from,
      latents,
      memory: { calls: from, outputs: [], sum: null, from: null, within: null },
    }),
    ask: (state) => ({ ...nextEvaluation(evaluations, state), latents: state.memory.within ?? state.latents }),
    answer({ evaluation, latents, memory }, output) {
      const sample = memory.within ?? latents;
      const calls = memory.calls + 1;
      const timestep = timestepOf(evaluation);
      const done = (arrived: Float32Array, rest: Omit<PndmMemory, 'calls' | 'within'>) => {
        const isWhole = (evaluations[evaluation + 1]?.stage ?? 0) === 0;
        return {
          evaluation: evaluation + 1,
          latents: isWhole ? arrived : latents,
          memory: { calls, ...rest, within: isWhole ? null : arrived },
        };
      };

      if (!skipPrkSteps && memory.calls < 4 * rungeKuttaSteps) {
        const stage = rungeKuttaStage(memory.calls % 4);
        const from = stage.isFirst ? sample.slice() : (memory.from ?? sample.slice());
        const sum = linearCombination([
          [stage.weight, output],
          ...(memory.sum === null ? [] : [[1, memory.sum] as const]),
        ]);
        const arrived = moved(
          from,
          timestepOf(memory.calls - (memory.calls % 4)),
          timestep - (stage.goesHalf ? half : 0),
          stage.isLast ? sum : output,
        );
        const outputs = stage.isFirst ? [output.slice(), ...memory.outputs].slice(0, 3) : memory.outputs;
        return done(arrived, { outputs, sum: stage.isLast ? null : sum, from });
      }
      if (skipPrkSteps && memory.calls === 1) {
        // The first step once more, now by the mean of the outputs at its two ends.
        const mean = linearCombination([output, ...memory.outputs].map((values) => [0.5, values] as const));
        const arrived = moved(memory.from ?? sample, timestep + stride, timestep, mean);
        return done(arrived, { outputs: memory.outputs, sum: null, from: null });
      }
      const outputs = [output.slice(), ...memory.outputs].slice(0, 4);
      const weights = plmsWeights(outputs.length);
      const joined = linearCombination(outputs.map((values, back) => [weights[back] ?? 0, values] as const));
      return done(moved(sample, timestep, timestep - stride, joined), {
        outputs: outputs.slice(0, 3),
        sum: null,
        from: memory.calls === 0 ? sample.slice() : null,
      });
    },
    clean: ({ evaluation, latents, memory }, output) =>
      predictedClean(predictionType, levelOfAlpha(alphaAt(timestepOf(evaluation))), output, memory.within ?? latents),
    addNoise: (original, noise, index) => mixNoise(levelOfAlpha(alphaAt(timestepOf(index))), original, noise),
  };
}

type Place = Omit<Evaluation, 'level'>;

/** The first step is made twice: its second evaluation is at the timestep where the second step begins, which so stands twice in the list. */
function multistepPlaces([first, second, ...others]: readonly number[], skipped: number): Place[] {
  if (first === undefined) return [];
  const list = second === undefined ? [first] : [first, second, second, ...others];
  return list
    .slice(skipped)
    .map((timestep, index) => ({ step: Math.max(0, index - 1), stage: index === 1 ? 1 : 0, timestep }));
}

function rungeKuttaPlaces(timesteps: readonly number[], half: number): Place[] {
  return timesteps.flatMap((timestep, step): Place[] => {
    const next = timesteps[step + 1] ?? 0;
    const stages = step < rungeKuttaSteps ? [timestep, next + half, next + half, next] : [timestep];
    return stages.map((at, stage) => ({ step, stage, timestep: at }));
  });
}
