import { conditionIds, conditionOf } from '../../../../conditions/registry.ts';
import { ArmatureError } from '../../../../errors.ts';
import { baseField } from '../../../request/training.ts';
import { type TrainedCommon, type TrainedKindRow, wrongField } from './trained-kind.ts';

export interface TrainedControlNet extends TrainedCommon {
  readonly kind: 'controlnet';
  readonly condition: string;
}

/** Pixels of a map that a cell of a hint has. */
const hintScale = 8;

/** It is shown half of its maps without words. */
export const trainedControlNet: TrainedKindRow<TrainedControlNet> = {
  defaults: { learningRate: 1e-5, promptDropout: 0.5 },
  resolve({ condition }, base) {
    if (base.latentScale !== hintScale) {
      const detail = `A ControlNet makes a cell of ${hintScale} x ${hintScale} pixels of its map, but a latent of ${base.id} has ${base.latentScale} x ${base.latentScale}: train one for another base model.`;
      throw new ArmatureError('not_supported_yet', detail, { field: baseField });
    }
    return { kind: 'controlnet', condition: conditionFor(condition) };
  },
};

/** Names of kinds of maps that users may give. */
const ownName = /^[a-z0-9-]{2,40}$/;

/** Where a file's name holds one of these, other programs average its residuals over the picture. */
const averaged = conditionIds.filter((id) => conditionOf(id).pooled === true);

function conditionFor(condition: string | undefined): string {
  if (condition === undefined) {
    const detail = `Expected the condition of the maps (${conditionIds.join(', ')}, or a name of your own) for a ControlNet.`;
    throw wrongField('condition', detail);
  }
  const isOwn = ownName.test(condition) && !averaged.some((id) => condition.includes(id));
  if (conditionIds.includes(condition) || isOwn) return condition;
  const detail = `Expected a condition (${conditionIds.join(', ')}) or a name of your own, 2 to 40 of a-z, 0-9 and "-" without ${averaged.join(', ')} in it, but received ${JSON.stringify(condition)}.`;
  throw new ArmatureError('unknown_condition', detail, { field: 'condition' });
}
