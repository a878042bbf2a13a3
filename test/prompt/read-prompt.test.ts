import { describe, expect, test } from 'vitest';
import { checkPrompt } from '../../src/prompt/check-prompt.ts';
import {
  countParts,
  distinctTexts,
  readPrompt,
  remarksOnSchedules,
  type WrittenPrompt,
} from '../../src/prompt/read-prompt.ts';
import { sectionsOf } from '../../src/prompt/syntax.ts';
import { secondsOf } from '../support/processor-time.ts';

const prompt = (text: string, change: Partial<WrittenPrompt> = {}): WrittenPrompt => ({
  text,
  syntax: 'a1111',
  field: 'prompt',
  isNegative: false,
  ...change,
});
const negative = { field: 'negative_prompt', isNegative: true };

describe('a prompt', () => {
  test('is composed of prompts, each with its texts, and which of them at each step', () => {
    expect(readPrompt(prompt('[a|b] cat AND (a dog) :0.5'), { steps: 3 })).toEqual([
      { weight: 1, texts: ['a cat', 'b cat'], at: [0, 1, 0] },
      { weight: 0.5, texts: ['(a dog)'], at: [0, 0, 0] },
    ]);
  });

  test('has each different text once, however its schedules stand', () => {
    const [part] = readPrompt(prompt('[a:b:1] [x|x] [[c|d]:c:2]'), { steps: 4 });
    expect(part).toEqual({ weight: 1, texts: ['a x c', 'b x d', 'b x c'], at: [0, 1, 2, 2] });
    expect([...distinctTexts(readPrompt(prompt('[a|b] AND [b|a] AND c'), { steps: 2 }))]).toEqual(['a', 'b', 'c']);
  });

  test('that is plain is one text, to the letter', () => {
    const text = String.raw`\(a\) [b|c] AND <lora:d:1> (e:1.2)`;
    expect(readPrompt(prompt(text, { syntax: 'plain' }), { steps: 2 })).toEqual([
      { weight: 1, texts: [text], at: [0, 0] },
    ]);
    expect(sectionsOf(text, 'plain')).toEqual([[{ text, weight: 1 }]]);
  });

  test('that is negative has schedules, and neither AND nor a LoRA', () => {
    const read = readPrompt(prompt('[a|b] AND <lora:d:1>', negative), { steps: 2 });
    expect(read).toEqual([{ weight: 1, texts: ['a AND <lora:d:1>', 'b AND <lora:d:1>'], at: [0, 1] }]);
    expect(countParts(prompt('a AND b', negative))).toBe(1);
    expect(countParts(prompt('a AND b'))).toBe(2);
  });

  test('goes on in a pass that goes on with it', () => {
    expect(readPrompt(prompt('[a:b:1.5]'), { steps: 2, goesOnAfter: 8 })[0]).toMatchObject({
      texts: ['a', 'b'],
      at: [0, 1],
    });
  });

  test('is remarked on where a schedule is none, or never changes', () => {
    expect(remarksOnSchedules(prompt('[a:b:c:0.5] AND [d:e:9]'), [{ steps: 4 }])).toEqual({
      readAsText: ['[a:b:c:0.5]'],
      unchanging: ['[d:e:9]'],
    });
  });
});

describe('the limits of a prompt', () => {
  const refusal = (text: string, steps = 150): string => {
    try {
      checkPrompt(prompt(text), [{ steps }]);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each([
    [`${'[a|b|c]'.repeat(3)}[d|e|f|g|h][i|j|k|l|m|n|o]`, /at most 64 different texts over all steps but it has 105/],
    [`${'x'.repeat(1000)}[${Array.from({ length: 40 }, (_, i) => i).join('|')}]`, /at most 32000 characters .* 40070/],
    ['(a)b'.repeat(257), /at most 512 pieces of different weight but it has 514/],
    [`${'('.repeat(49)}a`, /every weight in brackets in prompt to be from -100 to 100 but one is 106.7/],
    ['(a:-101)', /one is -101. Write a backslash/],
    ['a AND b :101', /every weight of what AND composes in prompt .* 101/],
    ['a AND '.repeat(8), /at most 8 prompts with AND/],
    ['[a|b]'.repeat(65), /at most 64 schedules/],
  ])('are %j', (text, message) => expect(refusal(text)).toMatch(message));

  test.each(['', `${'('.repeat(48)}a`, '(a)b'.repeat(256), '[a|b|c|d][e|f|g|h|i|j|k]', '(a:100) (b:-100)'])(
    'hold %j',
    (text) => expect(refusal(text)).toBe(''),
  );

  test('count the steps of each pass, and nothing in a plain prompt', () => {
    expect(refusal('[a|b|c|d|e][f|g|h][i|j|k|l|m|n|o]', 64)).toBe('');
    expect(() => checkPrompt(prompt('(a:101)'.repeat(600), { syntax: 'plain' }), [{ steps: 1 }])).not.toThrow();
    expect(() => checkPrompt(prompt('[a|b|c|d|e][f|g|h][i|j|k|l|m|n|o]'), [{ steps: 1 }, { steps: 105 }])).toThrow(
      /105/,
    );
  });

  const long = (unit: string): string => unit.repeat(8000 / unit.length);
  test.each([
    ...['(', '[', ')', ']', '\\', '(a:1.1)', '[a]', '(a)b', '[a|', '[a:b:1]', ' AND ', 'BREAK ', '<lora:', ':1)'].map(
      long,
    ),
    `${'[a|b]'.repeat(64)}${long('x')}`,
    `${'[a|b]'.repeat(6)}${'[(a:1.1)b|'.repeat(10)}${'(a)b'.repeat(100)}`,
    `${'[a:b:1|'.repeat(16)}${long('(a)')}`,
  ])('are told in time that is bounded: %#', (text) => {
    const times = Array.from({ length: 10 }, () => text);
    expect(secondsOf(() => times.forEach((one) => refusal(one)))).toBeLessThan(1);
  });
});
