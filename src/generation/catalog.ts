import type { Condition } from '../conditions/contract/condition.ts';
import { conditionIds, findCondition } from '../conditions/registry.ts';
import { nearestName } from '../text/nearest-name.ts';
import { ArmatureError } from '../errors.ts';
import type { BaseModel, ControlNetModel, LoraModel, OwnedModel, RejectedModel } from './model.ts';
import type { Family } from '../graph/family.ts';

/** The models that are there at this moment. */
export interface ModelList {
  readonly bases: readonly BaseModel[];
  readonly controlNets: readonly ControlNetModel[];
  readonly loras: readonly LoraModel[];
  readonly rejected: readonly RejectedModel[];
}

/** What a request may refer to. */
export interface Catalog {
  readonly models: ModelList;
  /** The condition of an id; `unknown_condition` at `field` where there is none. */
  readonly condition: (id: string, field: string) => Condition;
}

/** What a request may refer to where these models are: conditions that are known, and the types of its ControlNets. */
export function catalogOf(models: ModelList): Catalog {
  const types = otherTypes(models);
  return { models, condition: (id, field) => findCondition(id, field, types) };
}

/** What a tenant may see and use: what nobody owns, and its own. */
export function visibleTo(tenant: string, { bases, controlNets, loras, rejected }: ModelList): ModelList {
  const isVisible = ({ owner }: OwnedModel): boolean => owner === null || owner === tenant;
  return {
    bases: bases.filter(isVisible),
    controlNets: controlNets.filter(isVisible),
    loras: loras.filter(isVisible),
    rejected,
  };
}

/** Types of ControlNets of which nothing else is known, by name. */
export function otherTypes({ controlNets }: ModelList): readonly string[] {
  const types = new Set(
    controlNets.flatMap(({ type }) => (type === null || conditionIds.includes(type) ? [] : [type])),
  );
  return [...types].toSorted();
}

/** Pixels of a map that a ControlNet's hint encoder makes one cell of: it halves three times. */
const hintScale = 8;

/** Whether a ControlNet and a base model have the same shapes: then every injection point fits. */
export function sameFamily(a: Family, b: Family): boolean {
  return (
    a.name === b.name &&
    a.contextWidth === b.contextWidth &&
    a.latentChannels === b.latentChannels &&
    a.layersPerBlock === b.layersPerBlock &&
    a.blockChannels.join() === b.blockChannels.join()
  );
}

/** A family in words, for a message that sets two of them side by side. */
export function describeFamily(family: Family): string {
  const name = family.name === 'other' ? 'no public family' : family.name;
  return (
    `${name}, context width ${family.contextWidth}, latent channels ${family.latentChannels}, ` +
    `block channels ${family.blockChannels.join('-')}, ${family.layersPerBlock} layers a block`
  );
}

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

/** The base model of an id; `model_invalid` where its files were refused, else `unknown_model` with the choices. */
export function findBase({ bases, rejected }: ModelList, id: string, field: string): BaseModel {
  return findModel(bases, rejected, id, field, 'base model');
}

/** As {@link findBase}, for a ControlNet. */
export function findControlNet({ controlNets, rejected }: ModelList, id: string, field: string): ControlNetModel {
  return findModel(controlNets, rejected, id, field, 'ControlNet');
}

/** The model of an id among those of its kind, which messages call `what`. */
export function findModel<Model extends { readonly id: string }>(
  models: readonly Model[],
  rejected: readonly RejectedModel[],
  id: string,
  field: string,
  what: string,
): Model {
  const found = models.find((model) => model.id === id);
  if (found !== undefined) return found;
  const refused = rejected.find((model) => model.id === id);
  if (refused !== undefined) {
    throw new ArmatureError('model_invalid', `The ${what} ${id} cannot be used: ${refused.detail}`, { field });
  }
  const choices = models.map((model) => model.id);
  const shown = JSON.stringify(id.slice(0, 100));
  const detail = `There is no ${what} ${shown}. ${suggestion(id, choices)}`;
  throw new ArmatureError('unknown_model', detail, { field, choices });
}

function suggestion(id: string, choices: readonly string[]): string {
  if (choices.length === 0) return 'There is none at all yet.';
  const nearest = nearestName(id, choices);
  return nearest === undefined ? `The choices are ${choices.join(', ')}.` : `Did you mean ${nearest}?`;
}
