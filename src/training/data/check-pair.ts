import { createHash } from 'node:crypto';
import { ArmatureError } from '../../errors.ts';
import { readCaption, withTrigger } from './captions.ts';
import { invalidSet } from './contract/invalid-set.ts';
import type { BadFile, PairDraft } from './contract/layout.ts';
import { lookAt } from './look.ts';
import type { SetParts, SetRules } from './rules.ts';
import type { SetFile, TrainingPair } from './set.ts';

/** A pair that can be used, and whether anybody had written a caption for it. */
export interface CheckedPair extends TrainingPair {
  readonly captioned: boolean;
}

/** By how much the proportions of a map may differ from its picture's: rounding both sides to multiples of 64 does no more. */
const nearlyAlike = 1.15;

/** Reads and decodes all of a pair; what is wrong with it where it cannot be used. */
export async function checkPair(
  draft: PairDraft,
  { maps, captions, trigger, limits }: SetRules,
  { decoder }: Pick<SetParts, 'decoder'>,
): Promise<CheckedPair | BadFile> {
  let at = draft.picture.name;
  try {
    const looking = { decoder, pictureBytes: limits.pictureBytes };
    const picture = await lookAt(draft.picture, looking);
    const given = maps === 'unused' ? null : draft.map;
    at = given?.name ?? at;
    const map = given === null ? null : await lookAt(given, looking);
    if (map !== null) requireAlike(picture, map);
    at = draft.caption !== null && 'file' in draft.caption ? draft.caption.file.name : draft.place;
    const written = captions === 'none' ? '' : await readCaption(draft.caption, limits);
    const caption = withTrigger(written, trigger);
    const key = keyOf(picture, map, caption);
    return { key, picture, map, caption, repeats: draft.repeats, captioned: written !== '' };
  } catch (error) {
    if (!(error instanceof ArmatureError) || error.code === 'unavailable') throw error;
    return { name: at, reason: error.message };
  }
}

function requireAlike(picture: SetFile, map: SetFile): void {
  const ratio = (picture.width * map.height) / (picture.height * map.width);
  if (Math.max(ratio, 1 / ratio) <= nearlyAlike) return;
  throw invalidSet(
    `Expected a map of the proportions of its picture, ${picture.width}x${picture.height}, but it has ${map.width}x${map.height}.`,
  );
}

function keyOf(picture: SetFile, map: SetFile | null, caption: string): string {
  return createHash('sha256')
    .update(`${picture.sha256}\n${map?.sha256 ?? 'no map'}\n${caption}`)
    .digest('hex');
}
