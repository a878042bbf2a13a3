import type { TrainingKind } from '../../../request/training.ts';
import { type TrainedControlNet, trainedControlNet } from './controlnet.ts';
import { type TrainedLora, trainedLora } from './lora.ts';
import type { TrainedKindRow } from './trained-kind.ts';

/** What can be trained. */
export interface TrainedByKind {
  readonly controlnet: TrainedControlNet;
  readonly lora: TrainedLora;
}

export type Trained = TrainedByKind[TrainingKind];

/** A row each. */
export const trainedKinds: { readonly [Kind in TrainingKind]: TrainedKindRow<TrainedByKind[Kind]> } = {
  controlnet: trainedControlNet,
  lora: trainedLora,
};
