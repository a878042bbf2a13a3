import { parse } from 'csv-parse/sync';
import { readText } from '../../../json/read-json.ts';
import type { SetEntry } from '../contract/entry.ts';
import { invalidSet, tooMany } from '../contract/invalid-set.ts';
import type { LayoutRules } from '../contract/layout.ts';
import type { ListRow } from './rows.ts';

/** The lines of a file of comma-separated values, whose first one names the fields. @throws ArmatureError `invalid_set` where they do not fit together */
export async function csvRows(list: SetEntry, { listBytes, entries }: LayoutRules): Promise<readonly ListRow[]> {
  const text = readText(await list.read(listBytes), { subject: `${list.name} to be text` });
  const rows = parsed(text, list.name, entries + 1);
  if (rows.length > entries) throw tooMany(list.name, entries);
  return rows.map(({ record, info }) => ({ place: `line ${info.lines} of ${list.name}`, fields: record }));
}

interface CsvRow {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number };
}

function parsed(text: string, name: string, most: number): readonly CsvRow[] {
  try {
    return parse(text, { columns: true, skip_empty_lines: true, info: true, to: most }) as readonly CsvRow[];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidSet(`Expected ${name} to be comma-separated values but it is not: ${reason}.`, { cause: error });
  }
}
