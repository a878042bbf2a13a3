import { describe, expect, test } from 'vitest';
import { bareWords, splitComposition } from '../../src/prompt/composition.ts';
import { secondsOf } from '../support/processor-time.ts';

describe('a composition of prompts', () => {
  test.each([
    ['a cat', [['a cat', 1]]],
    [' a cat :2 ', [[' a cat :2 ', 1]]],
    [
      'a AND b',
      [
        ['a', 1],
        ['b', 1],
      ],
    ],
    [
      'a :0.5 AND b:2',
      [
        ['a', 0.5],
        ['b', 2],
      ],
    ],
    [
      'a :-1 AND (b:1.2) : +.5',
      [
        ['a', -1],
        ['(b:1.2)', 0.5],
      ],
    ],
    [
      'a\nAND\nb AND c',
      [
        ['a', 1],
        ['b', 1],
        ['c', 1],
      ],
    ],
    [
      'a wide 16:9 AND b',
      [
        ['a wide 16:9', 1],
        ['b', 1],
      ],
    ],
    [
      'route 66 :2 AND b',
      [
        ['route 66', 2],
        ['b', 1],
      ],
    ],
    [
      'a AND',
      [
        ['a', 1],
        ['', 1],
      ],
    ],
    ['(a AND b)', [['(a AND b)', 1]]],
    [
      '(a AND b',
      [
        ['(a', 1],
        ['b', 1],
      ],
    ],
    ['[a AND b:c:5]', [['[a AND b:c:5]', 1]]],
    ['ANDES and AND_ xAND', [['ANDES and AND_ xAND', 1]]],
    [
      String.raw`\(a AND b\)`,
      [
        [String.raw`\(a`, 1],
        [String.raw`b\)`, 1],
      ],
    ],
  ] as const)('%s', (text, parts) => {
    expect(splitComposition(text, 'prompt').map((part) => [part.text, part.weight])).toEqual(parts);
  });

  test('has at most eight', () => {
    expect(splitComposition('a AND '.repeat(7), 'prompt')).toHaveLength(8);
    expect(() => splitComposition('a AND '.repeat(8), 'prompt')).toThrow(/at most 8 prompts with AND but it has 9/);
  });

  test.each([' AND', 'AND', ' AND :1', '(AND ', '[AND]'])('is found in time linear in the length: %j', (unit) => {
    expect(secondsOf(() => bareWords(unit.repeat(200_000 / unit.length), 'AND'))).toBeLessThan(1);
  });
});
