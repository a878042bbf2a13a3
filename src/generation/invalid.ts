import type { z } from 'zod';
import { ArmatureError } from '../errors.ts';
import { describeAt, namesAt } from './describe.ts';
import { fieldPath } from '../text/field-path.ts';
import { show } from '../text/show.ts';
import { unknownField } from './request/unknown-field.ts';

export { fieldPath } from '../text/field-path.ts';

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
    return unknownField(misnamed.keys[0]!, { known: namesAt(schema, misnamed.path) }, path);
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
