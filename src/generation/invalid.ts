import type { z } from 'zod';
import { ArmatureError } from '../errors.ts';
import { describeAt, namesAt } from './describe.ts';
import { fieldPath } from './field-path.ts';
import { unknownField } from './unknown-field.ts';

export { fieldPath } from './field-path.ts';

/**
 * The error a user gets for the first fault that zod found in `value`: where it is, what was expected, what came. `at` is
 * put before the field's path.
 */
export function invalidRequest(
  error: z.core.$ZodError,
  schema: z.core.$ZodType,
  value: unknown,
  at = '',
): ArmatureError {
  const misnamed = error.issues.find(({ code }) => code === 'unrecognized_keys');
  if (misnamed?.code === 'unrecognized_keys') {
    const path = [...(at === '' ? [] : [at]), ...misnamed.path];
    return unknownField(misnamed.keys[0]!, { known: namesAt(schema, misnamed.path), later: [] }, path);
  }
  const issue = error.issues[0]!;
  const field = fieldPath(issue.path, at);
  const received = valueAt(value, issue.path);
  const choices = issue.code === 'invalid_value' ? issue.values.map(String) : undefined;
  return new ArmatureError(
    'invalid_request',
    `Expected ${field === '' ? 'the request' : field} to be ${expectation(issue, schema)} but received ${show(received)}.`,
    { ...(field === '' ? {} : { field }), ...(choices === undefined ? {} : { choices }) },
  );
}

/** A value as it is put into a message: short, on one line, never the whole of a picture. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const short = typeof value === 'string' ? value.slice(0, 100) : value;
  const text = typeof short === 'number' ? String(short) : JSON.stringify(short);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function expectation(issue: z.core.$ZodIssue, schema: z.core.$ZodType): string {
  if (issue.code === 'custom' || issue.code === 'invalid_format') return issue.message;
  return describeAt(schema, issue.path) ?? issue.message;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((current, key) => {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    const inner: unknown = Reflect.get(current, key);
    return inner;
  }, value);
}
