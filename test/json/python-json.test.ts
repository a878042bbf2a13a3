import { expect, it } from 'vitest';
import { parsePythonJson } from '../../src/json/python-json.ts';

it('reads what Python writes for infinity and for what is no number', () => {
  const text = '{"low": -Infinity, "note": "Infinity and NaN", "x": NaN, "list": [Infinity, 1, -Infinity]}';
  expect(parsePythonJson(text)).toEqual({
    low: Number.NEGATIVE_INFINITY,
    note: 'Infinity and NaN',
    x: null,
    list: [Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY],
  });
  expect(() => parsePythonJson('{"a": Infinity1}')).toThrow(SyntaxError);
});
