import { ArmatureError } from '../errors.ts';
import { isObject } from '../generation/field-names.ts';

/**
 * A JSON value as text that is the same for equal values: without white space, and with names in one order. `invalid_request`
 * for one that is nested beyond the stack, which nothing is that a request may hold.
 */
export function canonicalJson(value: unknown): string {
  try {
    return JSON.stringify(value, (_name, inner: unknown) => (isObject(inner) ? sorted(inner) : inner));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ArmatureError('invalid_request', 'Expected JSON that is nested less deeply.', { cause });
  }
}

function sorted(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
