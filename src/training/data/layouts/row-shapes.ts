import { show } from '../../../text/show.ts';
import type { SetEntry } from '../contract/entry.ts';
import { pathIn } from './file-names.ts';
import type { BadFile, PairDraft, SetFiles } from '../contract/layout.ts';
import type { ListRow } from './rows.ts';

/** How the lines of a list name what belongs together. */
export interface RowShape {
  readonly id: string;
  /** Names of the field, the first that is there counts. */
  readonly picture: readonly string[];
  readonly map: readonly string[];
  readonly caption: readonly string[];
  /** Names that a line may have; absent where others are left alone. */
  readonly only?: readonly string[];
}

/** Our own, Hugging Face's imagefolder, and what ControlNet's first trainer reads. */
export const rowShapes: readonly RowShape[] = [
  {
    id: 'pairs',
    picture: ['picture'],
    map: ['map'],
    caption: ['caption'],
    only: ['picture', 'map', 'caption', 'repeats'],
  },
  {
    id: 'imagefolder',
    picture: ['file_name', 'image_file_name', 'image'],
    map: ['conditioning_image_file_name', 'conditioning_image'],
    caption: ['text', 'caption', 'prompt', 'image_caption'],
  },
  { id: 'prompt-json', picture: ['target'], map: ['source'], caption: ['prompt'] },
];

/** The shape whose picture a line names; null for none. */
export function shapeOf({ fields }: ListRow): RowShape | null {
  return rowShapes.find(({ picture }) => picture.some((name) => name in fields)) ?? null;
}

/** What a line names, with paths in `folder`; bad where it is not there or does not say. */
export function pairOf(
  { place, fields }: ListRow,
  shape: RowShape,
  folder: string,
  { byName }: SetFiles,
): PairDraft | BadFile {
  const bad = (reason: string): BadFile => ({ name: place, reason });
  const unknown =
    shape.only === undefined ? undefined : Object.keys(fields).find((name) => !shape.only!.includes(name));
  if (unknown !== undefined) {
    return bad(`Expected the fields ${shape.only!.join(', ')} but received ${show(unknown)}.`);
  }
  const fileAt = (names: readonly string[]): SetEntry | BadFile | null => {
    const field = names.find((name) => name in fields);
    const path = field === undefined ? null : fields[field];
    if (field === undefined || path === null || path === '') return null;
    if (typeof path !== 'string') return bad(`Expected ${field} to be the name of a file but received ${show(path)}.`);
    const name = pathIn(folder, path);
    if (name === null) return bad(`Expected ${field} to name a file inside the set but received ${show(path)}.`);
    return byName.get(name) ?? bad(`${field} names ${show(path)}, which is not in the set.`);
  };
  const picture = fileAt(shape.picture);
  if (picture === null) return bad(`Expected ${shape.picture[0]} to name a picture but it is not there.`);
  const map = fileAt(shape.map);
  if ('reason' in picture) return picture;
  if (map !== null && 'reason' in map) return map;
  const caption = captionOf(fields, shape);
  if (caption !== null && 'wrong' in caption)
    return bad(`Expected a text as caption but received ${show(caption.wrong)}.`);
  const repeats = shape.only === undefined ? 1 : (fields['repeats'] ?? 1);
  if (typeof repeats !== 'number' || !Number.isInteger(repeats) || repeats < 1 || repeats > 10_000) {
    return bad(`Expected repeats to be a whole number of 1 to 10000 but received ${show(repeats)}.`);
  }
  return { place: picture.name, picture, map, caption, repeats };
}

/** Of a list of captions the first. */
function captionOf(
  fields: Readonly<Record<string, unknown>>,
  shape: RowShape,
): { readonly text: string } | { readonly wrong: unknown } | null {
  const field = shape.caption.find((name) => name in fields);
  const given = field === undefined ? null : fields[field];
  const value: unknown = Array.isArray(given) ? (given[0] ?? null) : given;
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? { text: value } : { wrong: value };
}
