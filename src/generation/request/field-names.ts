import { type FieldNames, unknownField } from './unknown-field.ts';

export type { FieldNames } from './unknown-field.ts';

/**
 * Refuses every field of `value` that is not known: `invalid_request` with the nearest known name. What is not an object is left to the schema.
 */
export function refuseUnknownFields(value: unknown, names: FieldNames, path: readonly PropertyKey[] = []): void {
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    if (!names.known.includes(name)) throw unknownField(name, names, path);
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
