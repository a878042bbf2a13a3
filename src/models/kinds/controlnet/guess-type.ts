import { conditionRows } from '../../../conditions/registry.ts';

/**
 * What a ControlNet of this name is probably for, or null: the condition of whose public names the longest is in it, of equally long ones
 * the first. An offer in a listing and nothing else: names lie, so nobody draws by it before `set-type` has confirmed it.
 */
export function guessType(name: string): string | null {
  const plain = name.toLowerCase().replaceAll(/[-. ]+/g, '_');
  const said = conditionRows.map(({ id, publicNames }) => ({ id, length: publicNames?.exec(plain)?.[0].length ?? 0 }));
  const longest = Math.max(...said.map(({ length }) => length));
  return longest === 0 ? null : (said.find(({ length }) => length === longest)?.id ?? null);
}
