import { parse } from 'csv-parse/sync';
import { readText } from '../../../json/read-json.ts';
import type { SetEntry } from '../contract/entry.ts';
import { invalidSet } from '../contract/invalid-set.ts';
import type { ListRow } from './rows.ts';

/** The lines of a file of comma-separated values, whose first one names the fields. @throws ArmatureError `invalid_set` where they do not fit together */
export async function csvRows(list: SetEntry, mostBytes: number): Promise<readonly ListRow[]> {
  const text = readText(await list.read(mostBytes), { subject: `${list.name} to be text` });
  try {
    const rows = parse(text, { columns: true, skip_empty_lines: true, info: true }) as readonly {
      readonly record: Readonly<Record<string, string>>;
      readonly info: { readonly lines: number };
    }[];
    return rows.map(({ record, info }) => ({ place: `line ${info.lines} of ${list.name}`, fields: record }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidSet(`Expected ${list.name} to be comma-separated values but it is not: ${reason}.`, { cause: error });
  }
}
