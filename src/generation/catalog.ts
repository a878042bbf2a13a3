import type { Condition } from '../conditions/contract/condition.ts';
import { imagePrompt } from '../conditions/image-prompt.ts';
import { conditionIds, findCondition } from '../conditions/registry.ts';
import type { ModelList } from './models/model-list.ts';

/** What a request may refer to. */
export interface Catalog {
  readonly models: ModelList;
  /** The condition of an id; `unknown_condition` at `field` where there is none. */
  readonly condition: (id: string, field: string) => Condition;
}

/** What a request may refer to where these models are: conditions that are known, and the types of its ControlNets. */
export function catalogOf(models: ModelList): Catalog {
  const types = [...otherTypes(models), ...(models.ipAdapters.length === 0 ? [] : [imagePrompt.id])];
  return { models, condition: (id, field) => findCondition(id, field, types) };
}

/** Types of ControlNets and T2I-Adapters of which nothing else is known, by name. */
export function otherTypes({ controlNets, adapters }: ModelList): readonly string[] {
  const types = new Set(
    [...controlNets, ...adapters].flatMap(({ type }) => (type === null || conditionIds.includes(type) ? [] : [type])),
  );
  return [...types].toSorted();
}
