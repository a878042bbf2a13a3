import { nearestName } from '../conditions/nearest-name.ts';
import { ArmatureError } from '../errors.ts';
import { fieldPath } from './invalid.ts';

/** The names an object may have, and those that the contract has and this version does not. */
export interface FieldNames {
  readonly known: readonly string[];
  readonly later: readonly string[];
}

/**
 * Refuses every field of `value` that is not known: `not_supported_yet` for one that is to come, `invalid_request` with the
 * nearest known name for any other. What is not an object is left to the schema.
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

function unknownField(name: string, names: FieldNames, path: readonly PropertyKey[]): ArmatureError {
  const field = fieldPath([...path, name]);
  if (names.later.includes(name)) {
    return new ArmatureError('not_supported_yet', `${field} is not supported yet: leave it out.`, { field });
  }
  const guess = nearestName(name, names.known);
  const hint =
    guess === undefined ? 'The choices are the known fields.' : `Did you mean ${fieldPath([...path, guess])}?`;
  const shown = name.length > 80 ? `${field.slice(0, 80)}...` : field;
  return new ArmatureError('invalid_request', `There is no field ${shown}. ${hint}`, {
    field: shown,
    choices: guess === undefined ? names.known : [guess],
  });
}
