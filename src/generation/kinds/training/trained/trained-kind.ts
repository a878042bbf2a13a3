import { ArmatureError } from '../../../../errors.ts';
import type { BaseModel } from '../../../models/base.ts';
import type { TrainingRequest } from '../../../request/training.ts';

/** What all that is trained has: the condition of its maps, null where it sees none. */
export interface TrainedCommon {
  readonly condition: string | null;
}

/** What is trained, as requests ask for it. */
export interface TrainedKindRow<Trained extends TrainedCommon> {
  /** As trainers have them (docs/training.md). */
  readonly defaults: { readonly learningRate: number; readonly promptDropout: number };
  /** Beside which base, and how; `name` is what the result is called. `not_supported_yet`, `invalid_request`. */
  readonly resolve: (request: TrainingRequest, base: BaseModel, name: string) => Trained;
}

export function wrongField(field: string, detail: string): ArmatureError {
  return new ArmatureError('invalid_request', detail, { field });
}
