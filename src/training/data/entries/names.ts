import { show } from '../../../text/show.ts';
import { invalidSet } from '../contract/invalid-set.ts';
import type { SetLimits } from '../contract/limits.ts';

/**
 * The name by which a file of an archive is known: its path with `/` between folders, in composed form (macOS writes é as two
 * characters, and the lists beside the pictures as one).
 *
 * @throws ArmatureError `invalid_set` for a path that leads out of the set, and one that is too long or too deep.
 */
export function checkedName(raw: string, { nesting, nameBytes }: Pick<SetLimits, 'nesting' | 'nameBytes'>): string {
  const name = raw
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '')
    .normalize('NFC');
  if (Buffer.byteLength(name) > nameBytes) {
    throw invalidSet(`Expected file names of at most ${nameBytes} bytes but received ${show(name)}: make it shorter.`);
  }
  const parts = name.split('/');
  if (parts.length - 1 > nesting) {
    throw invalidSet(`Expected at most ${nesting} folders inside each other but received ${show(name)}.`);
  }
  if (/^(?:\/|[a-z]:|[a-z][a-z0-9+.-]*:\/\/)/i.test(name) || name.includes('\0') || parts.some(leadsAway)) {
    throw invalidSet(
      `Expected the names of files inside the set but received ${show(name)}: pack the folder anew, without absolute paths and "..".`,
    );
  }
  return name;
}

function leadsAway(part: string): boolean {
  return part === '..' || part === '.' || part === '';
}

/** What is no part of a set: of archivers and file browsers, hidden files, and what trainers write beside the pictures. */
const clutterNames = /^(?:\..*|__MACOSX|Thumbs\.db|ehthumbs\.db|desktop\.ini|__pycache__|_latent_cache|_t_e_cache)$/i;
const clutterFiles = /(?:\.(?:npz|npy|pyc|tmp|bak)|~)$|^(?:README|LICENSE|LICENCE)(?:\.(?:md|txt|rst))?$/i;

/** Whether a file is left out without a word but a count. */
export function isClutter(name: string): boolean {
  const parts = name.split('/');
  return parts.some((part) => clutterNames.test(part)) || clutterFiles.test(parts.at(-1)!);
}
