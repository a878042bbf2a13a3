import { z } from 'zod';
import { readPrompt, type ReadPart, type WrittenPrompt } from '../../../prompt/read-prompt.ts';
import type { PassSteps } from '../../../prompt/schedule.ts';
import { sectionsOf } from '../../../prompt/syntax.ts';

/** How a prompt was read, as clients see it. */
export const readPromptView = z
  .array(
    z
      .object({
        weight: z.number().describe('What the prompt counts among those that AND composes'),
        texts: z
          .array(
            z.object({
              steps: z
                .array(z.tuple([z.int(), z.int()]))
                .describe('The steps at which it holds, counted from 0: the first and the last of each run of them'),
              sections: z
                .array(z.array(z.object({ text: z.string(), weight: z.number() })))
                .describe('What stands between two BREAKs, in pieces with their weights'),
            }),
          )
          .describe('Each different text once, in the order in which they come'),
        further_texts: z.int().describe('How many more there are, where it is too much to show'),
      })
      .meta({ id: 'ReadPrompt' }),
  )
  .describe('The prompts that AND composes, mostly one');

export type ReadPromptView = z.output<typeof readPromptView>;

/** Pieces and UTF-16 code units of a prompt after which no further text of it is shown: a list of jobs shows many. */
const most = { pieces: 512, characters: 16_000 };

/** `pass` is the one whose steps are told. */
export function viewOfPrompt(prompt: WrittenPrompt, pass: PassSteps): ReadPromptView {
  const shown = { pieces: 0, characters: 0 };
  return readPrompt(prompt, pass).map(({ weight, texts, at }) => {
    const steps = runsOf(at);
    const views: ReadPromptView[number]['texts'] = [];
    for (const [index, text] of texts.entries()) {
      if (shown.pieces >= most.pieces || shown.characters >= most.characters) break;
      const sections = sectionsOf(text, prompt.syntax).map((pieces) => pieces.map((piece) => ({ ...piece })));
      shown.pieces += sections.flat().length;
      shown.characters += text.length;
      views.push({ steps: steps.get(index) ?? [], sections });
    }
    return { weight, texts: views, further_texts: texts.length - views.length };
  });
}

/** The steps of each text, in runs without a gap. */
function runsOf(at: ReadPart['at']): ReadonlyMap<number, [number, number][]> {
  const runs = new Map<number, [number, number][]>();
  for (const [step, text] of at.entries()) {
    const own = runs.get(text) ?? [];
    runs.set(text, own);
    const last = own.at(-1);
    if (last?.[1] === step - 1) last[1] = step;
    else own.push([step, step]);
  }
  return runs;
}
