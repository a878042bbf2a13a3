import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { sourceOf } from './source.ts';
import type { PullTarget } from './target.ts';

/**
 * The folder in `place` that an earlier pull of the same has made, or null where nothing has its name. `conflict` where
 * something else has it, be it in other letters of upper and lower case, a file, a link or another pull's folder: it belongs to
 * somebody, and its model would have the same id.
 */
export async function findPulled(place: string, target: PullTarget): Promise<string | null> {
  const names = await readdir(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new ArmatureError(
      'conflict',
      `The folder of models ${place} cannot be read (${error.code ?? 'unknown error'}).`,
    );
  });
  const same = names.filter((name) => plain(name) === plain(target.id));
  const [name] = same;
  if (name === undefined) return null;
  const path = join(place, name);
  const made = name === target.id && same.length === 1 ? await sourceOf(path) : null;
  if (made !== null && made.repo === target.repo && (made.file === undefined || (made.file ?? null) === target.file)) {
    return path;
  }
  const what = made === null ? '' : [made.repo, made.file ?? null].filter((part) => part !== null).join(':');
  const whose = made === null ? 'it was not made by a pull' : `it was pulled from ${what}`;
  const detail =
    `${path} has the name of what is to be pulled and is left as it is: ${whose}. Move it away, or pull into another ` +
    'folder of models with --to.';
  throw new ArmatureError('conflict', detail);
}

/** As file systems compare names that take upper and lower case for the same. */
function plain(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
