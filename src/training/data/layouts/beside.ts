import type { CaptionDraft, PairDraft, SetFiles } from '../contract/layout.ts';
import type { SetEntry } from '../contract/entry.ts';
import { stemOf } from './file-names.ts';

/** Endings of a caption beside its picture, the first that is there counts. */
export const captionEndings = ['.txt', '.caption', '.TXT'] as const;

/** The caption of a picture in a file of its stem; null where there is none. */
export function captionBeside(
  { byName }: SetFiles,
  picture: SetEntry,
  endings: readonly string[] = captionEndings,
): CaptionDraft {
  const stem = stemOf(picture.name);
  for (const ending of endings) {
    const file = byName.get(stem + ending);
    if (file !== undefined) return { file };
  }
  return null;
}

/** A picture with what is in a file of its stem, once an epoch and without a map where nothing else is said. */
export function pairBeside(
  files: SetFiles,
  picture: SetEntry,
  said: Partial<Pick<PairDraft, 'map' | 'repeats' | 'caption'>> = {},
): PairDraft {
  return { place: picture.name, picture, map: null, caption: captionBeside(files, picture), repeats: 1, ...said };
}
