import type { Structure } from './contract/condition.ts';
import { conditionRows } from './registry.ts';

/** Kinds of structure that can be sent as data instead of a picture, each with the condition whose maps it is drawn as. */
export const structures: readonly (Structure & { readonly condition: string })[] = Object.freeze(
  conditionRows.flatMap(({ id, structure }) => (structure === undefined ? [] : [{ ...structure, condition: id }])),
);

export const structureKinds: readonly string[] = structures.map(({ kind }) => kind);

/** The structure of a kind that a request was checked for. */
export function structureOf(kind: string): (typeof structures)[number] {
  const found = structures.find((structure) => structure.kind === kind);
  if (found === undefined) throw new RangeError(`There is no structure ${kind}`);
  return found;
}
