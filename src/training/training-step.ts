import type { Graph } from '../graph/builder/graph.ts';
import { compile } from '../graph/compiler/index.ts';
import { gradientPrefix } from '../graph/steps/step.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { createSession, type NetworkSession, type SessionSettings } from '../runtime/index.ts';
import { type TrainedArrays, viewsOf } from './trained-arrays.ts';

export interface BatchLoss {
  /** The mean over rows, each by its weight. */
  readonly mean: number;
  /** Of each row, without its weight. */
  readonly rows: Float32Array;
}

/** The graph of a step, loaded, with the numbers that it moves. */
export interface TrainingStep {
  /** Adds the gradients of a batch to `gradients`, times `share`; gives the loss of its rows. Blocks the event loop while it runs. */
  run(feeds: Readonly<Record<string, Tensor>>, gradients: Float32Array, share: number): Promise<BatchLoss>;
  release(): Promise<void>;
}

/** Loads a step whose trained inputs are views of `weights`: what is changed there counts at the next run. */
export async function openStep(
  graph: Graph,
  arrays: TrainedArrays,
  weights: Float32Array,
  settings: SessionSettings,
): Promise<TrainingStep> {
  const session: NetworkSession = await createSession(compile(graph), settings);
  const fed = Object.fromEntries(viewsOf(arrays.fed, weights));
  return {
    run: async (feeds, gradients, share) => {
      const outputs = await session.run({ ...feeds, ...fed });
      for (const [name, { offset }] of arrays.fed) {
        add(gradients, offset, outputs[`${gradientPrefix}${name}`]?.data ?? new Float32Array(), share);
      }
      const loss = outputs['loss']?.data ?? new Float32Array();
      const counts = feeds['weights']?.data ?? new Float32Array();
      const mean = loss.reduce((sum, value, row) => sum + (value * (counts[row] ?? 0)) / loss.length, 0);
      return { mean, rows: loss };
    },
    release: async () => await session.release(),
  };
}

function add(sums: Float32Array, offset: number, numbers: Float32Array, share: number): void {
  for (let index = 0; index < numbers.length; index++) {
    sums[offset + index] = (sums[offset + index] as number) + share * (numbers[index] as number);
  }
}
