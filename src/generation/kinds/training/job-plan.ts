import type { Plan } from '../../plan.ts';
import type { TrainingRequest } from '../../request/training.ts';
import type { ModelReference } from '../../plan-references.ts';

/**
 * A training that was accepted. What its set says of it, such as the steps of its epochs, is settled by whoever reads the set: `resolveTraining` makes a
 * `TrainingPlan` of the request.
 */
export interface TrainingJobPlan extends Plan {
  readonly kind: 'training';
  /** With the id of the base model, the seed and the name that were chosen where it left them open. The name is the id of the model that comes of it. */
  readonly request: TrainingRequest & { readonly base: string; readonly seed: number; readonly name: string };
  readonly base: ModelReference;
  /** The autoencoder that stands in for the base's own; null for its own. */
  readonly vae: ModelReference | null;
  /** The model that it begins as; null for a new one. */
  readonly init: ModelReference | null;
  /** What was uploaded, in the order in which it is read. */
  readonly sets: readonly TrainingSetReference[];
  /** Whether it ends with what it would take, and without a model. */
  readonly dryRun: boolean;
  /** In pixel steps, as it was charged when it was accepted. */
  readonly cost: number;
  /** To what it was charged, where that was to a quota: once its steps are known the rest is, too. */
  readonly payer?: Payer | null;
}

/** What one account may spend in a day or a month. */
export interface Payer {
  readonly account: string;
  readonly kind: 'day' | 'month';
  /** When that began, as ISO 8601. */
  readonly start: string;
}

/** A set in the store. */
export interface TrainingSetReference {
  /** Of the upload. */
  readonly id: string;
  /** What its objects are named by: what a plan names is in use. */
  readonly key: string;
}
