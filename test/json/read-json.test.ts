import { expect, it } from 'vitest';
import { limits } from '../../src/generation/request/limits.ts';
import { usualValues } from '../../src/json/read-json.ts';

it('JSON may have as many values as one generation', () => {
  expect(usualValues).toBe(limits.values);
});
