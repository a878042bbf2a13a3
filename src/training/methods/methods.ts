import type { Trained, TrainedByKind } from '../../generation/kinds/training/trained/trained.ts';
import type { TrainingKind } from '../../generation/request/training.ts';
import type { MethodRow } from './contract/method.ts';
import { controlNetRow } from './controlnet/row.ts';
import { loraRow } from './lora/row.ts';

/** A row for everything that can be trained. */
const methods: { readonly [Kind in TrainingKind]: MethodRow<TrainedByKind[Kind]> } = {
  controlnet: controlNetRow,
  lora: loraRow,
};

export function methodFor<Of extends Trained>({ kind }: Of): MethodRow<Of> {
  return methods[kind] as unknown as MethodRow<Of>;
}
