import { describe, expect, test } from 'vitest';
import { parseEmphasis } from '../../src/prompt/emphasis.ts';
import { goldenJson } from '../support/golden.ts';
import { secondsOf } from '../support/processor-time.ts';

interface Case {
  readonly text: string;
  readonly result: readonly (readonly [text: string, weight: number])[];
}

const { cases } = goldenJson<{ cases: readonly Case[] }>('prompt', 'parse.json');

/** As the reference writes it: one list, with BREAK as a piece of weight -1. */
function flat(text: string): Case['result'] {
  return parseEmphasis(text).flatMap((section, index) => [
    ...(index === 0 ? [] : [['BREAK', -1] as const]),
    ...section.map(({ text: piece, weight }) => [piece, weight] as const),
  ]);
}

describe('the emphasis of a prompt', () => {
  test.each(cases)('is read as in the reference: $text', ({ text, result }) => {
    const read = flat(text);
    expect(read.map(([piece]) => piece)).toEqual(result.map(([piece]) => piece));
    read.forEach(([, weight], index) => {
      const expected = result[index]?.[1] ?? Number.NaN;
      expect(Math.abs(weight - expected)).toBeLessThanOrEqual(1e-9 * Math.abs(expected));
    });
  });

  test('breaks inside brackets too', () => {
    expect(parseEmphasis('(a BREAK b:1.5) c')).toEqual([
      [{ text: 'a', weight: 1.5 }],
      [
        { text: 'b', weight: 1.5 },
        { text: ' c', weight: 1 },
      ],
    ]);
  });

  test('is of round and square brackets that cross', () => {
    expect(flat('(a [b) c] d').map(([piece]) => piece)).toEqual(['a ', 'b', ' c', ' d']);
    expect(flat('(a [b) c] d')[2]?.[1]).toBeCloseTo(1 / 1.1, 12);
  });

  test('takes letters of every script for parts of words', () => {
    expect(parseEmphasis('éBREAK BREAK𝒜')).toHaveLength(1);
  });

  test.each(['(', '[', ')', '(a', '((a:1.1)', ':', ': ', ':1', 'a BREAK ', '   ', '\\', '\\('])(
    'is read in time linear in its length: %j',
    (unit) => {
      expect(secondsOf(() => parseEmphasis(unit.repeat(200_000 / unit.length)))).toBeLessThan(1);
    },
  );
});
