import { describe, expect, test } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { costOfDrawing } from '../../src/generation/cost.ts';
import { generationKind } from '../../src/generation/kinds/generation/kind.ts';
import { refusal, resolve } from './resolved-requests.ts';

describe('the prompts of a request', () => {
  const refused = (body: Record<string, unknown>): ArmatureError => refusal(() => resolve(body));

  test('are read in the grammar of A1111, or are plain text', () => {
    expect(resolve({}).plan.promptSyntax).toBe('a1111');
    expect(resolve({ prompt_syntax: 'plain' }).plan.promptSyntax).toBe('plain');
  });

  test('are remarked on where what looks like syntax has no effect', () => {
    const body = { prompt: '[a:b:40] {x|y} [c:d:e:2]', negative_prompt: 'fog AND [a|b] [f::1.0]' };
    expect(resolve(body).warnings).toEqual([
      'prompt: "{x|y}" (a choice) is read as text: such syntax has no effect in prompt.',
      'prompt: "[c:d:e:2]" is read as text: a schedule has at most two texts and a number.',
      'prompt: "[a:b:40]" is the same at all of the 25 steps.',
      'negative_prompt: "AND" (a composition) is read as text: such syntax has no effect in negative_prompt.',
      'negative_prompt: "[f::1.0]" is the same at all of the 25 steps.',
    ]);
    expect(resolve({ prompt: '[a:b:40] [c:9.] [d:0]' }).warnings).toEqual([
      'prompt: "[a:b:40]", "[c:9.]" and 1 more are the same at all of the 25 steps.',
    ]);
    expect(resolve({ prompt: 'a (cat:1.2)', prompt_syntax: 'plain' }).warnings).toEqual([
      'prompt: "(cat:1.2)" (a weight) is read as text: prompt_syntax is "plain".',
    ]);
  });

  test.each([
    [{ prompt: 'a'.repeat(9) + '(b:101)' }, 'prompt'],
    [{ prompt: '', negative_prompt: `${'('.repeat(60)}a` }, 'negative_prompt'],
    [{ prompt: '[a|b]'.repeat(65) }, 'prompt'],
    [{ prompt: 'a AND '.repeat(8) }, 'prompt'],
  ])('are refused beyond their limits: %j', (body, field) => {
    const error = refused(body);
    expect([error.code, error.field]).toEqual(['invalid_request', field]);
  });

  test.each(['<lora:foo:x>', '<lora:foo:1:2:3>', '<lora::1>', '<lora:foo:11>', '<lora:foo:1:-11>'])(
    'are refused where a tag of a LoRA cannot be read: %s',
    (tag) => {
      const error = refused({ prompt: `a cat ${tag}` });
      expect([error.code, error.field]).toEqual(['invalid_request', 'prompt']);
      expect(error.message).toContain(JSON.stringify(tag));
      expect(resolve({ prompt: tag, prompt_syntax: 'plain' }).warnings).toHaveLength(1);
      expect(resolve({ negative_prompt: tag }).warnings).toHaveLength(1);
    },
  );

  test('that are composed need the negative one without guidance too', () => {
    const unguided = { guidance_scale: 1, negative_prompt: 'blur' };
    expect(resolve({ ...unguided, prompt: 'a AND b' }).warnings).toEqual([]);
    expect(resolve(unguided).warnings).toHaveLength(1);
  });

  test('cost by the texts that are encoded, and by the rows of an evaluation', () => {
    const costOf = (body: Record<string, unknown>): number => costOfDrawing(resolve(body).plan);
    const once = costOf({});
    expect(once).toBe(512 * 768 * 25);
    expect(costOf({ prompt: '(a:1.2) BREAK b' })).toBe(once);
    expect(costOf({ prompt: '[a|b|c]', negative_prompt: '[d|e]' })).toBe(once + 3 * 2048);
    expect(costOf({ prompt: '[a|b|c]', count: 2 })).toBe(2 * once + 2 * 2048);
    expect(costOf({ prompt: 'a AND b AND c' })).toBe(once * 2 + 2 * 2048);
    expect(costOf({ prompt: 'a AND b AND c', prompt_syntax: 'plain' })).toBe(once);
  });

  test('are shown as they were read', () => {
    const shown = (body: Record<string, unknown>) => generationKind.view(resolve(body).plan, () => null).read_as;
    expect(shown({ prompt_syntax: 'plain' })).toBeNull();
    expect(shown({ steps: 5, prompt: '[a|(b:1.5)] c BREAK d AND e :2' })).toEqual({
      prompt: [
        {
          weight: 1,
          texts: [
            {
              steps: [
                [0, 0],
                [2, 2],
                [4, 4],
              ],
              sections: [[{ text: 'a c', weight: 1 }], [{ text: 'd', weight: 1 }]],
            },
            {
              steps: [
                [1, 1],
                [3, 3],
              ],
              sections: [
                [
                  { text: 'b', weight: 1.5 },
                  { text: ' c', weight: 1 },
                ],
                [{ text: 'd', weight: 1 }],
              ],
            },
          ],
          further_texts: 0,
        },
        { weight: 2, texts: [{ steps: [[0, 4]], sections: [[{ text: 'e', weight: 1 }]] }], further_texts: 0 },
      ],
      negative_prompt: [
        { weight: 1, texts: [{ steps: [[0, 4]], sections: [[{ text: '', weight: 1 }]] }], further_texts: 0 },
      ],
    });
    const many = shown({
      steps: 40,
      prompt: `${'(a)b'.repeat(200)}[${Array.from({ length: 30 }, (_, i) => i).join('|')}]`,
    });
    expect(many?.prompt[0]).toMatchObject({ texts: [{}, {}], further_texts: 28 });
  });
});
