import { ArmatureError } from '../errors.ts';
import { fieldPath } from './invalid.ts';

/** Arrays and objects inside each other: no checked JSON has so many, nor has a template with a path of a matrix in it. */
const deepest = 100;

/**
 * Refuses (`invalid_request`) texts, names of fields among them, that no database of records can keep: those with the
 * character U+0000, and those with half of a surrogate pair.
 */
export function refuseUnstorableText(value: unknown, at: string): void {
  const path: PropertyKey[] = [];
  if (isStorable(value, path, deepest)) return;
  const field = fieldPath(path.toReversed(), at).slice(0, 200);
  const detail = `Expected ${field === '' ? 'the value' : field} to be text without U+0000 and without lone surrogates.`;
  throw new ArmatureError('invalid_request', detail, field === '' ? {} : { field });
}

/** Whether all of it can be kept. Where it cannot, `path` gets the names and indices to the fault, the innermost first. */
function isStorable(value: unknown, path: PropertyKey[], depth: number): boolean {
  if (typeof value === 'string') return isText(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return true;
  if (depth === 0) throw new ArmatureError('invalid_request', 'Expected fewer arrays and objects inside each other.');
  if (Array.isArray(value)) {
    for (const [index, entry] of value.entries()) {
      if (isStorable(entry, path, depth - 1)) continue;
      path.push(index);
      return false;
    }
    return true;
  }
  for (const [name, entry] of Object.entries(value)) {
    if (!isText(name)) return false;
    if (isStorable(entry, path, depth - 1)) continue;
    path.push(name);
    return false;
  }
  return true;
}

function isText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
