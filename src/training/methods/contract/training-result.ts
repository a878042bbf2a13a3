import type { TrainingPlan } from '../../../generation/kinds/training/plan.ts';
import type { BaseCheckpoint } from '../../../weights/checkpoint.ts';
import type { Tensor } from '../../../numeric/tensor.ts';

/** What was trained, by the names that its method gives it, and what is known of how. */
export interface TrainingResult {
  readonly plan: TrainingPlan;
  readonly base: BaseCheckpoint;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly facts: TrainingFacts;
}

/** What a training says of itself afterwards. */
export interface TrainingFacts {
  readonly pictures: number;
  readonly captioned: number;
  /** Licence of the base model as the user knows it; null where nobody does. */
  readonly baseLicence: string | null;
  /** Mean losses of the first and the last steps. */
  readonly loss: { readonly first: number; readonly last: number };
  /** The step after which the weights were so: less than the plan's where it was stopped. */
  readonly step: number;
  /** When it ended, as ISO 8601. */
  readonly date: string;
}
