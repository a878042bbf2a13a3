import type { Graph } from '../graph/builder/graph.ts';
import { compile } from '../graph/compiler/index.ts';
import { strengthInput } from '../graph/steps/step.ts';
import { elementCount, type Tensor } from '../numeric/tensor.ts';
import { createSession, type SessionSettings } from '../runtime/index.ts';
import type { TrainingMethod } from './methods/contract/method.ts';
import { type TrainedArrays, viewsOf } from './trained-arrays.ts';

/** The base model with what is trained beside it, as it is now. */
export interface Predictor {
  /** Rows of one run. */
  readonly rows: number;
  /**
   * What it says of some rows, as many as it has: [rows, channels, h, w]. What is trained acts `strength` times; 0: the base model alone. Blocks the event loop
   * while it runs.
   */
  predict(feeds: Readonly<Record<string, Tensor>>, strength: number): Promise<Tensor>;
  release(): Promise<void>;
}

/** Loads the graph of a step that predicts. It reads `weights` as they are at each run. */
export async function openPredictor(
  graph: Graph,
  arrays: TrainedArrays,
  weights: Float32Array,
  { fullStrength, ...settings }: SessionSettings & Pick<TrainingMethod, 'fullStrength'>,
): Promise<Predictor> {
  const session = await createSession(compile(graph), settings);
  const fed = Object.fromEntries(viewsOf(arrays.fed, weights));
  const strengths = graph.inputs.find(({ name }) => name === strengthInput)?.value.shape as readonly number[];
  return {
    rows: strengths[0] as number,
    predict: async (feeds, strength) => {
      const data = new Float32Array(elementCount(strengths)).fill(strength * fullStrength);
      const { prediction } = await session.run({ ...feeds, ...fed, [strengthInput]: { dims: strengths, data } });
      return prediction as Tensor;
    },
    release: async () => await session.release(),
  };
}
