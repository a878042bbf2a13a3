import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outlineOf } from '../../src/json/outline.ts';

const bounds = { mostMembers: 1000, deepest: 100 };

describe('the outline of a JSON text', () => {
  test('counts members of the outermost object and the deepest bracket', () => {
    const text = '{"a": {"b": [1, "}]"], "c": {}}, "d\\"": "{[", "e" : []}';
    expect(outlineOf(text, bounds)).toEqual({ members: 3, depth: 3, twice: null });
    expect(outlineOf('["a", "b"]', bounds)).toEqual({ members: 0, depth: 1, twice: null });
    expect(outlineOf('7', bounds)).toEqual({ members: 0, depth: 0, twice: null });
  });

  test('finds a name that is there twice, however it is written, and no value of that name', () => {
    expect(outlineOf('{"a":1,"b":2,"\\u0061":3}', bounds).twice).toBe('a');
    expect(outlineOf('{"a":"a","b":"a"}', bounds).twice).toBeNull();
    expect(outlineOf('{"a":{"b":1},"c":{"b":1}}', bounds).twice).toBeNull();
    expect(outlineOf('[{"a":{"b":1}},{"c":[{"b":1,"d":2,"b":3}]}]', bounds).twice).toBe('b');
    expect(outlineOf('{"a":{"b":1},"b":{"c":1,"a":2},"c":1}', bounds).twice).toBeNull();
  });

  test('stops at its bounds', () => {
    expect(outlineOf('[[[[[[', { mostMembers: 1, deepest: 3 }).depth).toBe(4);
    expect(outlineOf('{"a":1,"b":1,"c":1,"d":1}', { mostMembers: 2, deepest: 3 }).members).toBe(3);
  });

  test('is that of the parsed value', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const { members, depth, twice } = outlineOf(JSON.stringify(value, null, indent), bounds);
        const object = typeof value === 'object' && value !== null && !Array.isArray(value);
        expect([members, depth, twice]).toEqual([object ? Object.keys(value).length : 0, depthOf(value), null]);
      }),
    );
  });

  test.each([
    ['backslashes', (size: number) => `{"a":"${'\\'.repeat(size)}"}`],
    ['quotation marks', (size: number) => '"'.repeat(size)],
    ['escaped quotation marks', (size: number) => `{"a":"${'\\"'.repeat(size / 2)}`],
    ['spaces behind names', (size: number) => `{${`"a"${' '.repeat(1000)}`.repeat(size / 1000)}`],
  ])('takes under a second of processor time for two million %s', (_, text) => {
    const before = process.cpuUsage();
    outlineOf(text(2_000_000), bounds);
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
  });
});
