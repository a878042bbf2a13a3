import { ArmatureError } from '../../../../errors.ts';
import type { BaseModel } from '../../../models/base.ts';
import type { ModelList } from '../../../models/model-list.ts';
import type { AnyFoundModel } from '../../../models/model.ts';
import { initField, type TrainingRequest } from '../../../request/training.ts';

/** What all that is trained has: the condition of its maps, null where it sees none. */
export interface TrainedCommon {
  readonly condition: string | null;
}

/** What is trained, as requests ask for it. */
export interface TrainedKindRow<Trained extends TrainedCommon> {
  /** As trainers have them (docs/training.md). */
  readonly defaults: { readonly learningRate: number; readonly promptDropout: number };
  /** Whether it learns to follow maps. */
  readonly seesMaps: boolean;
  /** Beside which base, and how; `name` is what the result is called. `not_supported_yet`, `invalid_request`. */
  readonly resolve: (request: TrainingRequest, base: BaseModel, name: string) => Trained;
  /** The model of this kind that it begins as, as far as headers were looked into. `unknown_model`, `invalid_request` for one that cannot be trained on beside the base. */
  readonly findInit: (models: ModelList, id: string, request: TrainingRequest, base: BaseModel) => AnyFoundModel;
  /** Whether a file of a result is one of those that pictures are drawn with here: its path below the folder, and what the result is called. */
  readonly isDrawnWith: (file: string, name: string) => boolean;
}

export function wrongField(field: string, detail: string): ArmatureError {
  return new ArmatureError('invalid_request', detail, { field });
}

/** For a model that is there and cannot be trained on: why, as a sentence. */
export function wrongInit(detail: string): ArmatureError {
  return wrongField(initField, `${detail} Name another model, or leave ${initField} out to begin with a new one.`);
}
