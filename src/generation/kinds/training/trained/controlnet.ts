import { conditionIds, conditionOf } from '../../../../conditions/registry.ts';
import { ArmatureError } from '../../../../errors.ts';
import { type ControlNetModel, findControlNet, misfit } from '../../../models/controlnet.ts';
import { baseField, initField } from '../../../request/training.ts';
import { type TrainedCommon, type TrainedKindRow, wrongField, wrongInit } from './trained-kind.ts';

export interface TrainedControlNet extends TrainedCommon {
  readonly kind: 'controlnet';
  readonly condition: string;
  /** Channels of its hint encoder, where those of the model that it begins as are not the usual ones. */
  readonly hint?: readonly number[];
}

/** Pixels of a map that a cell of a hint has. */
const hintScale = 8;

/** It is shown half of its maps without words. */
export const trainedControlNet: TrainedKindRow<TrainedControlNet> = {
  defaults: { learningRate: 1e-5, promptDropout: 0.5 },
  seesMaps: true,
  isDrawnWith: (file, name) => !file.includes('/') && file !== `${name}.safetensors`,
  resolve({ condition }, base, name) {
    if (base.latentScale !== hintScale) {
      const detail = `A ControlNet makes a cell of ${hintScale} x ${hintScale} pixels of its map, but a latent of ${base.id} has ${base.latentScale} x ${base.latentScale}: train one for another base model.`;
      throw new ArmatureError('not_supported_yet', detail, { field: baseField });
    }
    const trained = { kind: 'controlnet', condition: conditionFor(condition) } as const;
    requireName(name);
    return trained;
  },
  findInit(models, id, _, base) {
    const found = findControlNet(models, id, initField);
    const reason = misfit(base, found) ?? untrained(found);
    if (reason !== null) throw wrongInit(reason);
    return found;
  },
};

/** Why a ControlNet that fits cannot be trained on, as a sentence; null where it can. */
function untrained({ id, changes, unionTypes, type }: ControlNetModel): string | null {
  if (changes !== null) return `${id} is a ${changes} file, which is no ControlNet without a base model's weights.`;
  if (unionTypes !== null) return `${id} takes maps of ${unionTypes} types, of which one alone cannot be trained.`;
  if (type === null || !averaged.includes(type)) return null;
  return `${id} averages what it says over the whole picture, which is not trained.`;
}

/** Names of kinds of maps that users may give. */
const ownName = /^[a-z0-9-]{2,40}$/;

/** Their ControlNets average residuals over the picture, which is not trained; other programs do so with every file whose name holds one of these. */
const averaged = conditionIds.filter((id) => conditionOf(id).pooled === true);
const trainable = conditionIds.filter((id) => !averaged.includes(id));

function requireName(name: string): void {
  const held = averaged.find((id) => name.includes(id));
  if (held === undefined) return;
  const detail = `Expected a name without ${held} for a ControlNet but received ${JSON.stringify(name)}: other programs average what such a file says over the whole picture. Choose another name.`;
  throw wrongField('name', detail);
}

function conditionFor(condition: string | undefined): string {
  if (condition === undefined) {
    const detail = `Expected the condition of the maps (${trainable.join(', ')}, or a name of your own) for a ControlNet.`;
    throw wrongField('condition', detail);
  }
  const isOwn = ownName.test(condition) && !averaged.some((id) => condition.includes(id));
  if (trainable.includes(condition) || isOwn) return condition;
  const detail = `Expected a condition (${trainable.join(', ')}) or a name of your own, 2 to 40 of a-z, 0-9 and "-" without ${averaged.join(', ')} in it, but received ${JSON.stringify(condition)}.`;
  throw new ArmatureError('unknown_condition', detail, { field: 'condition' });
}
