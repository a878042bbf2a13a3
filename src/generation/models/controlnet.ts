import { conditionOf, conditionsOfUnion } from '../../conditions/registry.ts';
import type { BaseModel } from './base.ts';
import { describeFamily, sameFamily } from './family.ts';
import { findModel } from './find-model.ts';
import type { ModelNoun } from './model-noun.ts';
import type { FoundModel, RejectedModel } from './model.ts';

export interface ControlNetModel extends FoundModel {
  readonly kind: 'controlnet';
  /** Condition id, or null where nobody has said it yet, and of a union. */
  readonly type: string | null;
  /** How many types of maps a union takes, by the type of the control; null of one for a single type. */
  readonly unionTypes: number | null;
  /** How its file changes a base model's own weights; null where all weights are its own. */
  readonly changes: 'control-LoRA' | 'difference' | null;
  /** Base model that it came with (its folder), or null for a ControlNet of its own. */
  readonly bundledWith: string | null;
}

/** The ControlNets that are there, and what cannot be used. */
interface ControlNets {
  readonly controlNets: readonly ControlNetModel[];
  readonly rejected: readonly RejectedModel[];
}

/** As `findBase`, for a ControlNet. */
export function findControlNet({ controlNets, rejected }: ControlNets, id: string, field: string): ControlNetModel {
  return findModel(controlNets, rejected, id, field, controlNetNoun.noun);
}

/** The types of maps that a ControlNet is known to take; null where nobody has said it. */
export function typesOf({ type, unionTypes }: ControlNetModel): readonly string[] | null {
  if (unionTypes !== null) return conditionsOfUnion(unionTypes);
  return type === null ? null : [type];
}

/** Whether a union ControlNet has no type for such a control: others may be fed with anything. */
export function lacksType({ unionTypes }: ControlNetModel, type: string): boolean {
  return unionTypes !== null && (conditionOf(type).unionType ?? unionTypes) >= unionTypes;
}

/** Pixels of a map that a ControlNet's hint encoder makes one cell of: it halves three times. */
const hintScale = 8;

/** Why a ControlNet does not fit a base model, as a sentence with the facts of both; null where it fits. */
export function misfit(base: BaseModel, controlNet: ControlNetModel): string | null {
  const scale = base.latentScale;
  if (scale !== hintScale) {
    return `The ControlNet ${controlNet.id} makes a cell of ${hintScale} x ${hintScale} pixels of its map, but a latent of the base model ${base.id} has ${scale} x ${scale}.`;
  }
  if (sameFamily(base.family, controlNet.family)) return null;
  return (
    `The ControlNet ${controlNet.id} (${describeFamily(controlNet.family)}) does not fit the base model ${base.id} ` +
    `(${describeFamily(base.family)}).`
  );
}

export const controlNetNoun = {
  noun: 'ControlNet',
  list: 'controlNets',
  field: 'controls[].model',
  misfit,
} as const satisfies ModelNoun<ControlNetModel>;
