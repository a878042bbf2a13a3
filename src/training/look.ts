import type { StepSize } from '../graph/steps/step.ts';
import type { OptimizerState } from './optimizer/optimizer.ts';
import { openPredictor, type Predictor } from './predictor.ts';
import type { StepParts } from './step-parts.ts';
import type { TrainedArrays } from './trained-arrays.ts';

/** After a step (0: before the first) of a training of so many (0: not known yet). */
export interface LookPlace {
  readonly step: number;
  readonly steps: number;
}

/** What looks at a training while it goes on, and changes nothing of it. */
export interface ValidationPort {
  /** Whether it wants to at a place, and has not yet. */
  isDue(place: LookPlace): boolean;
  /** `weights` are what the predictor predicts with, those of the result if the training ended here. */
  run(place: LookPlace, predictor: Predictor, weights: Float32Array): Promise<void>;
  /** The best weights that it has seen; null where it has seen none. */
  best(length: number): Promise<{ readonly step: number; readonly weights: Float32Array } | null>;
}

/** Rows of what predicts: with words and without, or with the own map and another's. */
const predictedRows = 2;

export interface Looked {
  /** Of the training, for its end; 0 as long as that is not known. */
  readonly steps: number;
  readonly size: StepSize;
  readonly arrays: TrainedArrays;
  readonly state: OptimizerState;
}

/** Looks at the training after a step where that is due. The network that predicts is in memory while it does. */
export function lookerOf(
  { method, settings }: StepParts,
  validation: ValidationPort | null,
  { size, arrays, state, steps }: Looked,
): (step: number) => Promise<void> {
  return async (step) => {
    const place = { step, steps };
    if (validation?.isDue(place) !== true) return;
    const weights = state.averages ?? state.weights;
    const graph = method.graph({ ...size, rows: predictedRows, rowsOfMap: 1 }, 'predict');
    const predictor = await openPredictor(graph, arrays, weights, { ...settings, fullStrength: method.fullStrength });
    try {
      await validation.run(place, predictor, weights);
    } finally {
      await predictor.release();
    }
  };
}
