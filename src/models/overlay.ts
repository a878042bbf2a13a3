import { dirname } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../errors.ts';
import { writeAnew } from '../files/atomic-write.ts';
import { makeFolder } from '../files/make-folder.ts';
import { readTextIfThere, reasonOf } from '../files/regular-file.ts';
import type { Fields } from './kinds/contract/kind.ts';
import { foundKinds } from './kinds/kinds.ts';
import { manifestName } from './names/manifest-name.ts';

/**
 * What this installation says of models whose folders may be read-only, an armature.json in DATA: what it says of each id, by the list of its kind.
 */
export type Overlay = ReadonlyMap<string, ReadonlyMap<string, Fields>>;

/** What an overlay says of a model; empty where it says nothing. */
export function toldOf(overlay: Overlay, list: string | undefined, id: string): Fields {
  return overlay.get(list ?? '')?.get(id) ?? {};
}

/** The rows of an overlay that have to be known when a model is looked into; without the lists that have none. */
export function decidingLists(overlay: Overlay): Overlay {
  return new Map(
    lists.flatMap(({ list, put }) => {
      const rows = overlay.get(list);
      return put !== undefined || rows === undefined || rows.size === 0 ? [] : [[list, rows] as const];
    }),
  );
}

/** An overlay in which this is all that is said of a model; null takes it back. */
export function withTold(overlay: Overlay, list: string, id: string, told: Fields | null): Overlay {
  const rows = new Map(overlay.get(list));
  if (told === null) rows.delete(id);
  else rows.set(id, told);
  return new Map(overlay).set(list, rows);
}

/** Equal for overlays that say the same. */
export function textOf(overlay: Overlay): string {
  return JSON.stringify([...overlay].map(([list, rows]) => [list, ...rows]));
}

/** Bytes: a line or two for each model that something was said of. */
const mostBytes = 16 * 2 ** 20;

const lists = foundKinds.flatMap(({ told }) => told ?? []);

const rowSchema = z.array(z.looseObject({ id: z.string() })).default([]);

const overlaySchema = z.strictObject({
  schema: z.literal(1),
  ...Object.fromEntries(
    lists.map(({ list, fields }) => [list, z.array(z.strictObject({ id: z.string(), ...fields })).default([])]),
  ),
});

/** Empty where nothing was ever set. `invalid_config` where the file is damaged, or no file. */
export async function readOverlay(file: string): Promise<Overlay> {
  const text = await readTextIfThere(file, mostBytes).catch((cause: unknown) => {
    const detail = `The data folder's ${manifestName} cannot be read: ${reasonOf(cause)}.`;
    throw new ArmatureError('invalid_config', detail, { cause });
  });
  if (text === null) return new Map();
  try {
    const said: Fields = overlaySchema.parse(JSON.parse(text));
    return new Map(
      lists.map(({ list }) => [list, new Map(rowSchema.parse(said[list]).map(({ id, ...told }) => [id, told]))]),
    );
  } catch (cause) {
    const detail = `The data folder's ${manifestName} is damaged: mend it, or delete it and set what was set of models again.`;
    throw new ArmatureError('invalid_config', detail, { cause });
  }
}

/** Writes all of it, in place of what was there. */
export async function writeOverlay(file: string, overlay: Overlay): Promise<void> {
  const written = lists.flatMap(({ list, always }) => {
    const rows = [...(overlay.get(list) ?? [])].map(([id, told]) => ({ id, ...told }));
    return rows.length === 0 && always !== true ? [] : [[list, byId(rows)] as const];
  });
  const content = { schema: 1, ...Object.fromEntries(written) };
  // The draft lies beside the file, and that may be the first of its folder.
  await makeFolder(dirname(file));
  await writeAnew(file, Buffer.from(`${JSON.stringify(content, null, 2)}\n`));
}

function byId<Row extends { readonly id: string }>(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => a.id.localeCompare(b.id));
}
