import { describe, expect, it } from 'vitest';
import type { ArmatureError } from '../../src/errors.ts';
import { limits } from '../../src/generation/request/limits.ts';
import { readJsonNow, usualValues } from '../../src/json/read-json.ts';

it('JSON may have as many values as one generation', () => {
  expect(usualValues).toBe(limits.values);
});

describe('where a text is wrong', () => {
  const told = (text: string, line?: number): string => {
    try {
      return String(readJsonNow(text, { subject: 'a text', ...(line === undefined ? {} : { line }) }));
    } catch (error) {
      return (error as Error).message;
    }
  };
  const twice = '{"a": 1, "a": 2}';
  const long = `{"a": "${'x'.repeat(100_000)}", "a": 2}`;

  it.each([
    [twice, undefined, 'at line 1, column 13'],
    [`\n\n ${twice}`, undefined, 'at line 3, column 14'],
    ['[1\n2]', undefined, 'at line 2, column 1'],
    [long, undefined, 'at byte 100013'],
    // A line of many is the line that it is.
    [twice, 7, 'at line 7, column 13'],
    ['{"a": }', 7, 'at line 7, column 7'],
    ['{"__proto__": 1}', 7, 'at line 7, column 13'],
    [long, 7, 'at byte 100013 of line 7'],
  ])('is said: %#', (text, line, place) => {
    expect(told(text, line)).toMatch(new RegExp(`${place}\\.$`));
  });
});

describe('the field at fault', () => {
  it.each([
    ['{"a": 1, "a": 2}', 'a'],
    ['{"a": 1, "b": 2, "\\u0061": 2}', 'a'],
    ['{"a": [0, {"y": 1, "z": 2, "y": 3}]}', 'a[1].y'],
    // Of a name that may not be: the object that has it.
    ['{"a": {"x": 1, "__proto__": 2}}', 'a'],
    ['{"a": 1, "__proto__": 2}', undefined],
    [`{"a": [{"x": 1, "${'n'.repeat(5000)}": 2}]}`, 'a[0]'],
    [`{"a": {${Array.from({ length: 1001 }, (_, n) => `"n${n}": 1`).join(',')}}}`, 'a'],
  ])('is the one that may not be: %#', (text, field) => {
    let error: unknown;
    try {
      readJsonNow(text, { subject: 'a text' });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'invalid_request' });
    expect((error as ArmatureError).field).toBe(field);
  });
});
