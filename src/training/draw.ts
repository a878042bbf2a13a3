import { elementCount } from '../numeric/tensor.ts';
import { guide } from '../pipeline/guidance.ts';
import type { ModelSchedule } from '../schedulers/scheduler-config.ts';
import type { SamplerRow } from '../schedulers/sampler-row.ts';
import type { Noise } from '../schedulers/scheduler.ts';
import { toldSizes } from './frozen-networks.ts';
import type { Predictor } from './predictor.ts';
import { type RowParts, rowFeeds, stackRows } from './rows.ts';
import { TrainingRandom } from './training-random.ts';

/** What pictures of a training are drawn with. */
export interface DrawingParts extends RowParts {
  readonly schedule: ModelSchedule;
  readonly sampler: SamplerRow;
  readonly steps: number;
  readonly guidanceScale: number;
  /** What no words mean. */
  readonly silence: Float32Array;
}

export interface Drawn {
  readonly caption: Float32Array;
  /** Null where maps are not used. */
  readonly map: Float32Array | null;
  readonly seed: number;
  /** Of what is trained; 0: the base model alone. */
  readonly strength: number;
}

/** Latents of a picture by a sampler, with random numbers that follow from its seed alone. */
export async function drawLatents(
  { caption, map, seed, strength }: Drawn,
  predictor: Predictor,
  parts: DrawingParts,
  signal: AbortSignal,
): Promise<Float32Array> {
  const { shapes, schedule, sampler, steps, silence, guidanceScale, resolution } = parts;
  const random = new TrainingRandom(seed);
  const count = elementCount(shapes.latents);
  const scheduler = sampler.create(schedule.schedule, { steps, strength: 1 }, schedule.samplerDefaults);
  const sizes = toldSizes(resolution, { x: 0, y: 0 }, resolution);
  const noise = noiseOf(random, count);
  const first = random.normals('drawn', 0, 0, count).map((value) => value * scheduler.initialNoiseSigma);
  let state = scheduler.start(first);
  while (state.evaluation < scheduler.evaluations.length) {
    signal.throwIfAborted();
    const { latents: sample, timestep } = scheduler.ask(state);
    const rows = [silence, caption].map((words) => rowFeeds({ sample, timestep, caption: words, map, sizes }, parts));
    const { data } = await predictor.predict(stackRows(rows), strength);
    state = scheduler.answer(state, guide(data.slice(0, count), data.slice(count), guidanceScale), noise);
  }
  return state.latents;
}

/** For samplers that put fresh noise in: new numbers each time that they ask. */
function noiseOf(random: TrainingRandom, count: number): Noise {
  let drawn = 0;
  return {
    draw: () => random.normals('drawn', ++drawn, 0, count),
    between: () => random.normals('drawn', ++drawn, 0, count),
  };
}
