import { describe, expect, test } from 'vitest';
import { foldCase, indexNames, type NamedText, splitAtNames } from '../../src/prompt/learned-words.ts';
import { growth } from '../support/growth.ts';

const split = (text: string, ...names: readonly string[]): readonly string[] =>
  splitAtNames(text, indexNames(names)).map((part: NamedText) => ('name' in part ? `[${part.name}]` : part.text));

const manyNames = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `style${i + 100}`);

describe('names of learned words in a text', () => {
  test('are found whatever their case, with what stands between them', () => {
    expect(split('a NightMood castle', 'nightmood')).toEqual(['a ', '[nightmood]', ' castle']);
    expect(split('nightmood', 'Nightmood')).toEqual(['[nightmood]']);
    expect(split('<Gold-Cat><gold-cat>', '<gold-cat>')).toEqual(['[<gold-cat>]', '[<gold-cat>]']);
    expect(split('', 'x')).toEqual([]);
    expect(split('none here', 'x', 'y')).toEqual(['none here']);
    expect(split('x')).toEqual(['x']);
    expect(split('')).toEqual([]);
  });

  test('are words by themselves: no letter and no digit touches one that begins or ends them', () => {
    expect(split('nightmoods moodnight nightmood2 énightmood', 'nightmood', 'mood')).toEqual([
      'nightmoods moodnight nightmood2 énightmood',
    ]);
    expect(split('nightmood, (nightmood) nightmood_v2 𝒜nightmood', 'nightmood')).toEqual([
      '[nightmood]',
      ', (',
      '[nightmood]',
      ') ',
      '[nightmood]',
      '_v2 𝒜nightmood',
    ]);
    // Ends of a name that are punctuation may touch anything.
    expect(split('x<cat>y', '<cat>')).toEqual(['x', '[<cat>]', 'y']);
  });

  test('that overlap: the longest goes first, wherever it stands', () => {
    expect(split('gold cat house rules', 'gold cat', 'cat house rules', 'gold')).toEqual([
      '[gold]',
      ' ',
      '[cat house rules]',
    ]);
    expect(split('bad hand v4, bad hand', 'bad hand', 'bad hand v4', 'v4')).toEqual([
      '[bad hand v4]',
      ', ',
      '[bad hand]',
    ]);
    expect(split('a-b-c', 'a-b', 'b-c')).toEqual(['[a-b]', '-c']);
  });

  test('may be of one or two characters, and are told from punctuation by a letter or a digit', () => {
    expect(split('a b2 c', 'b2', 'c', '*', '<>')).toEqual(['a ', '[b2]', ' ', '[c]']);
    expect(split('* <>', '*', '<>')).toEqual(['* <>']);
  });

  test('stay where they are in a text that grows in lower case', () => {
    expect(foldCase('İstanbul')).toHaveLength('İstanbul'.length);
    expect(split('İİ Nightmood', 'nightmood')).toEqual(['İİ ', '[nightmood]']);
  });

  test('are found in time that grows with the text', async () => {
    const names = indexNames(Array.from({ length: 40 }, (_, i) => `word${i}`));
    const find = (length: number): void => void splitAtNames('word7 wor word '.repeat(length), names);
    expect(await growth(find, 2000)).toBeLessThan(2.5);
  });

  test('are found in time that does not grow with how many of them begin alike', async () => {
    const text = 'style7 style '.repeat(20_000);
    const indexes = new Map([200, 400].map((count) => [count, indexNames(manyNames(count))]));
    const find = (count: number): void => void splitAtNames(text, indexes.get(count)!);
    expect(await growth(find, 200)).toBeLessThan(1.5);
  });
});
