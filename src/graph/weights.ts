import type { Deltas } from './delta.ts';
import type { WeightRef } from './weight-ref.ts';

export { isWeightType, type StoredNumbers, type WeightRef, type WeightType, weightTypes } from './weight-ref.ts';

/** Weights by the name that diffusers or transformers gives them, whatever the file calls them. */
export type Weights = ReadonlyMap<string, WeightRef>;

/** One network of a checkpoint: what it is and where its weights are. */
export interface NetworkPart<Config> {
  readonly config: Config;
  readonly weights: Weights;
  /** Absolute path of the folder that holds the files of `weights`. */
  readonly weightsFolder: string;
  /** What adapters add to which weights; their files lie in `weightsFolder` too. */
  readonly deltas?: Deltas;
}
