import type { z } from 'zod';
import { ArmatureError } from '../errors.ts';
import { describeAt } from './describe.ts';

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

/** `controls[0].scale` for ['controls', 0, 'scale']. */
export function fieldPath(path: readonly PropertyKey[], at = ''): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, at);
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
