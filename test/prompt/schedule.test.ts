import { describe, expect, test } from 'vitest';
import { parseSchedule, textAt, textsOf, unchanging } from '../../src/prompt/schedule.ts';
import { secondsOf } from '../support/processor-time.ts';

/** What a prompt says at each step of a pass. */
const texts = (text: string, steps: number, goesOnAfter?: number): string[] => {
  const pass = goesOnAfter === undefined ? { steps } : { steps, goesOnAfter };
  const schedule = parseSchedule(text, 'prompt');
  return Array.from({ length: steps }, (_, step) => textAt(schedule, step, pass));
};

describe('a schedule in a prompt', () => {
  test.each([
    // A number without a dot is how many steps come before, one with a dot a share of them, cut down.
    ['[a:b:2]', 4, ['a', 'a', 'b', 'b']],
    ['[a:b:0.5]', 4, ['a', 'a', 'b', 'b']],
    ['[a:b:0.5]', 5, ['a', 'a', 'b', 'b', 'b']],
    ['[a:b:1]', 3, ['a', 'b', 'b']],
    ['[a:b:1.0]', 3, ['a', 'a', 'a']],
    ['[a:b:1.]', 3, ['a', 'a', 'a']],
    ['[a:b:0]', 2, ['b', 'b']],
    ['[a:b:.5]', 2, ['a', 'b']],
    ['[a:b:-1]', 2, ['b', 'b']],
    ['[a:b:+1]', 2, ['a', 'b']],
    ['[a:b:9]', 2, ['a', 'a']],
    ['[a:b: 1 ]', 2, ['a', 'b']],
    // Something appears, something vanishes.
    ['x [a:1] y', 2, ['x  y', 'x a y']],
    ['x[, a::1]', 2, ['x, a', 'x']],
    ['[a:1.5]', 2, ['', '']],
    // In turns, from the first.
    ['[a|b|c]', 5, ['a', 'b', 'c', 'a', 'b']],
    ['[a|]', 3, ['a', '', 'a']],
    ['[a||b]', 3, ['a', '', 'b']],
    // Inside one another, with emphasis left as it is.
    ['[[a|b]:c:2]', 3, ['a', 'b', 'c']],
    ['[(a:1.3):[b]:1]', 2, ['(a:1.3)', '[b]']],
    ['([a:b:1]:1.2)', 2, ['(a:1.2)', '(b:1.2)']],
    ['\\\\[a|b]', 2, ['\\\\a', '\\\\b']],
    ['[a|[b|c]]', 4, ['a', 'c', 'a', 'c']],
    ['[[a:b:1]:c:2]', 3, ['a', 'b', 'c']],
  ])('%s over %i steps', (text, steps, expected) => {
    expect(texts(text, steps)).toEqual(expected);
  });

  test.each([
    '[a:b:]',
    '[a]',
    '[[a]]',
    'a:b:5',
    'a|b',
    '(a|b)',
    '(a:1.2)',
    String.raw`\[a:b:5]`,
    String.raw`\[a|b\]`,
    String.raw`[a\|b]`,
    String.raw`[a\:5]`,
    '[a:b:5',
    'a|b]',
    '[(a:b:5)]',
    '[a:b:five]',
    '[a:b:1.2.3]',
    '[a:b:1e1]',
  ])('is none: %s', (text) => {
    expect(texts(text, 2)).toEqual([text, text]);
    expect(parseSchedule(text, 'prompt').readAsText).toEqual([]);
  });

  test('with too many parts is text, and is named', () => {
    const read = parseSchedule('x [a:b:c:0.5]', 'prompt');
    expect(textAt(read, 0, { steps: 2 })).toBe('x [a:b:c:0.5]');
    expect(read.readAsText).toEqual(['[a:b:c:0.5]']);
  });

  test('is cut as doubles are, down', () => {
    expect(texts('[a:b:0.29]', 100).indexOf('b')).toBe(28);
    expect(texts('[a:b:0.58]', 50).indexOf('b')).toBe(28);
  });

  test('goes on in a pass that goes on with the prompt', () => {
    expect(texts('[a:b:0.5]', 2, 10)).toEqual(['b', 'b']);
    expect(texts('[a:b:1.5]', 4, 10)).toEqual(['a', 'a', 'b', 'b']);
    expect(texts('[a:b:12]', 4, 10)).toEqual(['a', 'a', 'b', 'b']);
    expect(texts('[a|b]', 3, 10)).toEqual(['a', 'b', 'a']);
  });

  test('that does not change in a pass is named', () => {
    const read = parseSchedule('[a:b:1.0] [c:d:1] [x|[e:0]]', 'prompt');
    expect(unchanging(read, [{ steps: 4 }])).toEqual(['[a:b:1.0]', '[e:0]']);
  });

  test('that changes in one of several passes, or between them, does change', () => {
    const read = parseSchedule('[a:b:1.0] [c:d:2.5] [e:f:1.5] [x:y:9]', 'prompt');
    const passes = [{ steps: 4 }, { steps: 4, goesOnAfter: 4 }];
    expect(unchanging(read, passes)).toEqual(['[c:d:2.5]', '[x:y:9]']);
  });

  test('in a run that another model goes on with counts the steps of both', () => {
    const read = parseSchedule('[a:b:0.5] [c:d:7]', 'prompt');
    const [first, second] = [
      { steps: 10, own: { from: 0, count: 6 } },
      { steps: 10, own: { from: 6, count: 4 } },
    ];
    expect(textsOf(read, first)).toEqual({ texts: ['a c', 'b c'], at: [0, 0, 0, 0, 0, 1] });
    expect(textsOf(read, second)).toEqual({ texts: ['b c', 'b d'], at: [0, 1, 1, 1] });
    expect(unchanging(read, [first])).toEqual(['[c:d:7]']);
    expect(unchanging(read, [first, second])).toEqual([]);
  });

  test('has limits', () => {
    expect(() => parseSchedule('[a|b]'.repeat(64), 'prompt')).not.toThrow();
    expect(() => parseSchedule('[a|b]'.repeat(65), 'prompt')).toThrow(
      /prompt to have at most 64 schedules and alternations/,
    );
    expect(() => parseSchedule(`[${'a|'.repeat(63)}b]`, 'prompt')).not.toThrow();
    expect(() => parseSchedule(`[${'a|'.repeat(64)}b]`, 'prompt')).toThrow(/at most 64 choices/);
    const deep = (depth: number) => `${'['.repeat(depth)}a${':1]'.repeat(depth)}`;
    expect(() => parseSchedule(deep(16), 'prompt')).not.toThrow();
    expect(() => parseSchedule(deep(17), 'prompt')).toThrow(/inside one another/);
  });

  test.each(['[', ']', '(', '[(', '([', '[a:', '[]', '[[a]', ':1]', '[a:b:c:1]', '\\', '|', '[a]'])(
    'is read in time linear in its length: %j',
    (unit) => {
      expect(secondsOf(() => parseSchedule(unit.repeat(200_000 / unit.length), 'prompt'))).toBeLessThan(1);
    },
  );

  test('is looked for in nested brackets in linear time', () => {
    expect(secondsOf(() => parseSchedule(`${'['.repeat(1e5)}a${']'.repeat(1e5)}`, 'prompt'))).toBeLessThan(1);
  });
});
