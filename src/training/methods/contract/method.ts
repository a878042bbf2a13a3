import type { Trained } from '../../../generation/kinds/training/trained/trained.ts';
import type { Graph } from '../../../graph/builder/graph.ts';
import type { UNetConfig } from '../../../graph/configs.ts';
import type { StepSize, StepUse } from '../../../graph/steps/step.ts';
import type { NetworkPart } from '../../../graph/weights.ts';
import type { BaseCheckpoint } from '../../../weights/checkpoint.ts';
import type { TrainingResult } from './training-result.ts';

/** What is trained beside a base model, and how it begins. */
export interface TrainingMethod {
  /** The `strength` of a graph that predicts with which what is trained acts in full. */
  readonly fullStrength: number;
  /** Some rows as one graph: forward, loss and backward; or what is predicted of them. */
  graph(size: StepSize, use: StepUse): Graph;
  /** Shapes of all that is trained, as files hold it, by name, in an order that stays. */
  wholes(graph: Graph): ReadonlyMap<string, readonly number[]>;
  /** What a whole begins as; `uniform` gives numbers that are spread evenly over [-1, 1). */
  start(name: string, dims: readonly number[], uniform: (count: number) => Float32Array): Promise<Float32Array>;
}

/** Weights that are there already, by the names that a method gives them. */
export type InitialWeights = ReadonlyMap<string, InitialWeight>;

interface InitialWeight {
  /** Its first axis, and all others as one. */
  readonly shape: readonly [number, number];
  readonly read: () => Promise<Float32Array>;
}

/** What is trained where it begins as a model that is there: `trained` follows it where requests say nothing of it. */
export interface Initial<Of extends Trained> {
  readonly trained: Of;
  readonly weights: InitialWeights;
}

/** How one kind of thing is trained and written. */
export interface MethodRow<Of extends Trained> {
  readonly open: (unet: NetworkPart<UNetConfig>, trained: Of) => TrainingMethod;
  /** One that is there already, a file or folder. `invalid_request` for one that has more than is trained. */
  readonly initial: (path: string, base: BaseCheckpoint, trained: Of) => Promise<Initial<Of>>;
  /** Writes it into a folder in the forms that programs read; gives the paths. */
  readonly write: (folder: string, result: TrainingResult, trained: Of) => Promise<readonly string[]>;
  /** For its card: what it is, as the beginning of a sentence, and its own settings. */
  readonly what: (trained: Of) => string;
  readonly facts: (trained: Of) => readonly (readonly [name: string, value: string])[];
}
