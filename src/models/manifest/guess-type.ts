import { conditionRows } from '../../conditions/registry.ts';

/**
 * What a ControlNet of this name is probably for, or null: the first condition whose public names are in it. An offer in a
 * listing and nothing else: names lie, so nobody draws by it before `set-type` has confirmed it.
 */
export function guessType(name: string): string | null {
  const plain = name.toLowerCase().replaceAll(/[-. ]+/g, '_');
  return conditionRows.find(({ publicNames }) => publicNames?.test(plain) === true)?.id ?? null;
}
