import type { ConditionMap } from './condition.ts';

/** What an extractor has to say: remarks on the picture, and at the end why the map is blank, where it is. */
export function remarks(
  onPicture: readonly string[],
  blank: string | undefined,
): Pick<ConditionMap, 'warnings' | 'blank'> {
  return blank === undefined ? { warnings: onPicture } : { warnings: [...onPicture, blank], blank };
}
