import { describe, expect, test } from 'vitest';
import { syntaxWarnings } from '../../src/prompt/foreign-syntax.ts';
import { growth } from '../support/growth.ts';

const plain = (text: string, field = 'prompt') =>
  syntaxWarnings({ text, syntax: 'plain', field, isNegative: field !== 'prompt' });
const a1111 = (text: string, field = 'prompt') =>
  syntaxWarnings({ text, syntax: 'a1111', field, isNegative: field !== 'prompt' });

describe('a prompt with syntax of other programs', () => {
  test.each([
    ['a cat <lora:foo:1>', '<lora:foo:1>', 'a LoRA'],
    ['<LyCO:foo:0.5:0.7> a cat', '<LyCO:foo:0.5:0.7>', 'a LoRA'],
    ['<hypernet:x:0.4>', '<hypernet:x:0.4>', 'a LoRA'],
    ['a (red:1.4) ball', '(red:1.4)', 'a weight'],
    ['a (red ball: 0.8 ) here', '(red ball: 0.8 )', 'a weight'],
    ['a (red:.5) ball', '(red:.5)', 'a weight'],
    ['(blurry:-1)', '(blurry:-1)', 'a weight'],
    ['a (red ball)1.3 here', ')1.3', 'a weight'],
    ['((masterpiece)), a cat', '((masterpiece))', 'an emphasis'],
    ['(((best quality)))', '(((best quality))', 'an emphasis'],
    ['[[dull]] cat', '[[dull]]', 'an emphasis'],
    ['a [red:blue:0.5] ball', '[red:blue:0.5]', 'a schedule'],
    ['a [ball:10]', '[ball:10]', 'a schedule'],
    ['a [ball::0.3]', '[ball::0.3]', 'a schedule'],
    ['a [cow|horse]', '[cow|horse]', 'an alternation'],
    ['a {red|blue} ball', '{red|blue}', 'a choice'],
    ['a __colour__ ball', '__colour__', 'a wildcard'],
    ['__animals/dogs__', '__animals/dogs__', 'a wildcard'],
    ['a cat BREAK a dog', 'BREAK', 'a break'],
    ['a cat AND a dog', 'AND', 'a composition'],
    ['embedding:easynegative, a cat', 'embedding:easynegative', 'an embedding'],
    ['a cat (embedding:bad-hands.pt)', 'embedding:bad-hands.pt', 'an embedding'],
  ])('is remarked: %s', (prompt, piece, meaning) => {
    expect(plain(prompt)).toEqual([
      `prompt: ${JSON.stringify(piece)} (${meaning}) is read as text: prompt_syntax is "plain".`,
    ]);
  });

  test('gets one remark, however many there are', () => {
    expect(plain('<lora:a:1> (red:1.4) (blue:1.2) a cat BREAK', 'negative_prompt')).toEqual([
      'negative_prompt: "<lora:a:1>" (a LoRA), "(red:1.4)" (a weight) and "BREAK" (a break) are read as text: prompt_syntax is "plain".',
    ]);
  });

  test.each([
    '',
    'a red cube on a green floor',
    'a cat (a tabby) on a mat',
    'a portrait (oil on canvas, 1889) [detail]',
    'a wide shot (16:9), a clock (10:30)',
    'two people (left and right) and a dog',
    'A CAT AND A DOG BREAK A VASE',
    'a sign that says \\(red:1.4\\)',
    'rock and roll; a band, Anderson',
    'a set {a, b, c} on a blackboard',
    'snake_case and _emphasis_',
    'time: 3 o\u2019clock, ratio 1:2',
    'an email <anna@example.com>',
    'embedding of a gem in gold',
    'a diagram [see figure 3]',
  ])('that is prose is not: %s', (prompt) => {
    expect(plain(prompt)).toEqual([]);
  });

  test.each([
    '(',
    '((',
    '[',
    '{',
    '(a:',
    '[a|',
    '{|',
    '<lora:',
    '__',
    '__a',
    ':1',
    '(:1',
    ')1',
    'BREAK',
    ' AND',
    '\\(',
    'embedding:',
    '[:',
    '(1.',
    '((a',
    ')) ((',
  ])('is looked through in time linear in its length: %j', async (unit) => {
    const look = (length: number): void => {
      const text = unit.repeat(Math.ceil(length / unit.length));
      for (const field of ['prompt', 'negative_prompt']) a1111(text, field);
      plain(text);
    };
    // A fault of the kind would take minutes for this.
    const before = process.cpuUsage();
    look(200_000);
    const { user } = process.cpuUsage(before);
    expect(user / 1000).toBeLessThan(1000);
    if (unit === '(a:') expect(await growth(look, 20_000)).toBeLessThan(2.5);
  });

  describe('in the grammar of A1111', () => {
    test.each([
      ['prompt', 'a {red|blue} ball', '{red|blue}', 'a choice'],
      ['prompt', 'a __colour__ ball', '__colour__', 'a wildcard'],
      ['prompt', 'a (red ball)1.3 here', ')1.3', 'a weight'],
      ['prompt', 'a cat, <lyco:foo:0.5>', '<lyco:foo:0.5>', 'a LoRA'],
      ['prompt', 'embedding:easynegative, a cat', 'embedding:easynegative', 'an embedding'],
      ['prompt', '(a cat AND a dog)', 'AND', 'a composition in brackets'],
      ['negative_prompt', 'fog AND rain', 'AND', 'a composition'],
      ['negative_prompt', 'fog <lora:foo:1>', '<lora:foo:1>', 'a LoRA'],
    ])('of a %s is remarked what is text there too: %s', (field, text, piece, meaning) => {
      expect(a1111(text, field)).toEqual([
        `${field}: ${JSON.stringify(piece)} (${meaning}) is read as text: such syntax has no effect in ${field}.`,
      ]);
    });

    test.each([
      'a (red:1.4) ball, ((masterpiece)), [[dull]]',
      'a [red:blue:0.5] [cow|horse] BREAK a dog',
      'a cat AND a dog',
    ])('what has an effect is not: %s', (text) => expect(a1111(text)).toEqual([]));
  });
});
