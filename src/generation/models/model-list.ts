import { ArmatureError } from '../../errors.ts';
import { findModel } from './find-model.ts';
import { type AnyModel, type ModelKindId, modelKindIds, modelNouns, type ModelTypes } from './kinds.ts';
import type { OwnedModel, RejectedModel } from './model.ts';

type Lists = {
  readonly [Kind in ModelKindId as (typeof modelNouns)[Kind]['list']]: readonly ModelTypes[Kind][];
};

/** The models that are there at this moment: a list for each kind. */
export interface ModelList extends Lists {
  readonly rejected: readonly RejectedModel[];
}

/** Models in the lists of their kinds, in the order in which they come. */
export function modelList(models: readonly AnyModel[], rejected: readonly RejectedModel[] = []): ModelList {
  const lists = modelKindIds.map(
    (kind) => [modelNouns[kind].list, models.filter((model) => model.kind === kind)] as const,
  );
  // Whole, and each of its own type: `modelNouns` has a row for every kind.
  return { ...(Object.fromEntries(lists) as unknown as Lists), rejected };
}

/** Where there is none of any kind. */
export const noModels = modelList([]);

/** All of them, kind by kind. */
export function allModels(models: ModelList): readonly AnyModel[] {
  return modelKindIds.flatMap((kind): readonly AnyModel[] => models[modelNouns[kind].list]);
}

/** The model of an id, of whatever kind. `unknown_model` where there is none. */
export function findOfAnyKind(models: ModelList, id: string, field: string): AnyModel {
  return findModel(allModels(models), models.rejected, id, field, 'model');
}

/** What a tenant may see and use: what nobody owns, and its own; the very list where that is all of it. */
export function visibleTo(tenant: string, models: ModelList): ModelList {
  const isVisible = ({ owner = null }: Partial<OwnedModel>): boolean => owner === null || owner === tenant;
  const all = allModels(models);
  const visible = all.filter(isVisible);
  const rejected = models.rejected.filter(isVisible);
  const areAll = visible.length === all.length && rejected.length === models.rejected.length;
  return areAll ? models : modelList(visible, rejected);
}

/** `unknown_model` where a model of that id is there and is of another kind, so that "there is none" would be no help: it says as what it is named. */
export function refuseOtherKinds(
  { list, noun }: { readonly list: keyof Lists; readonly noun: string },
  id: string,
  models: ModelList,
  field: string,
): void {
  const own: readonly AnyModel[] = models[list];
  const other = allModels(models).find((model) => model.id === id);
  if (other === undefined || own.some((model) => model.id === id)) return;
  const { noun: otherNoun, field: place } = modelNouns[other.kind];
  const detail = `${id} is ${withArticle(otherNoun)} and no ${noun}: it is named as ${place}.`;
  throw new ArmatureError('unknown_model', detail, { field, choices: own.map((model) => model.id) });
}

/** `a base model`, `an upscaler`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}
