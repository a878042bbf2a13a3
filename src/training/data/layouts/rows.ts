import { readJson } from '../../../json/read-json.ts';
import { ArmatureError } from '../../../errors.ts';
import type { SetEntry } from '../contract/entry.ts';
import { tooMany } from '../contract/invalid-set.ts';
import type { BadFile, LayoutRules } from '../contract/layout.ts';

/** A line of a list of pairs. */
export interface ListRow {
  /** `line 3 of train.jsonl`. */
  readonly place: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The lines of a file of JSON Lines; those that are no objects are bad. Empty ones count and say nothing. */
export async function jsonLines(
  list: SetEntry,
  { listBytes, entries }: LayoutRules,
): Promise<{ readonly rows: readonly ListRow[]; readonly bad: readonly BadFile[] }> {
  const bytes = await list.read(listBytes);
  const rows: ListRow[] = [];
  const bad: BadFile[] = [];
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const found = bytes.indexOf(0x0a, start);
    const end = found === -1 ? bytes.length : found;
    const text = bytes.subarray(start, end);
    start = end + 1;
    if (text.toString('latin1').trim() === '') continue;
    if (rows.length + bad.length === entries) throw tooMany(list.name, entries);
    const place = `line ${line} of ${list.name}`;
    try {
      const fields = await readJson(text, { subject: `${place} to be JSON`, line });
      if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) {
        rows.push({ place, fields: fields as Readonly<Record<string, unknown>> });
      } else bad.push({ name: place, reason: 'Expected an object with the names of a picture and a caption.' });
    } catch (error) {
      if (!(error instanceof ArmatureError)) throw error;
      bad.push({ name: place, reason: error.message });
    }
  }
  return { rows, bad };
}
