import { checkPrompt } from '../prompt/check-prompt.ts';
import { listed, shortened, syntaxWarnings } from '../prompt/foreign-syntax.ts';
import {
  countParts,
  distinctTexts,
  readPrompt,
  remarksOnSchedules,
  type WrittenPrompt,
} from '../prompt/read-prompt.ts';
import type { PassSteps } from '../prompt/schedule.ts';
import type { GenerationPlan } from './plan.ts';

type Written = Pick<GenerationPlan, 'prompt' | 'negativePrompt' | 'promptSyntax' | 'added'>;

/** The prompt of a plan, or of a pass of it. */
export function promptOf({
  prompt: text,
  promptSyntax: syntax,
}: Pick<Written, 'prompt' | 'promptSyntax'>): WrittenPrompt {
  return { text, syntax, field: 'prompt', isNegative: false };
}

export function negativePromptOf({ negativePrompt: text, promptSyntax: syntax }: Written): WrittenPrompt {
  return { text, syntax, field: 'negative_prompt', isNegative: true };
}

/**
 * What the second text encoder of SDXL reads in the place of the prompt, or of the negative one; null: what the first does. `AND` and
 * LoRAs are the prompt's alone: here they are text.
 */
export function secondPromptOf(
  { promptSyntax: syntax, added }: Pick<Written, 'promptSyntax' | 'added'>,
  role: 'prompt' | 'negative',
): WrittenPrompt | null {
  const text = (role === 'prompt' ? added?.prompt2 : added?.negativePrompt2) ?? null;
  const field = role === 'prompt' ? 'prompt_2' : 'negative_prompt_2';
  return text === null ? null : { text, syntax, field, isNegative: true };
}

function promptsOf(plan: Written): readonly WrittenPrompt[] {
  const second = (['prompt', 'negative'] as const).flatMap((role) => secondPromptOf(plan, role) ?? []);
  return [promptOf(plan), negativePromptOf(plan), ...second];
}

/** Refuses prompts that are more than their limits allow. */
export function checkPrompts(plan: Written, passes: readonly PassSteps[]): void {
  for (const prompt of promptsOf(plan)) checkPrompt(prompt, passes);
}

/** How many prompts a plan composes: each is a row of every evaluation. */
export function composedPrompts(plan: Pick<Written, 'prompt' | 'promptSyntax'>): number {
  return countParts(promptOf(plan));
}

/** Texts that are encoded beyond the two that every drawing has: those that schedules and AND add. */
export function furtherTexts(plan: Written, passes: readonly PassSteps[]): number {
  const texts = promptsOf(plan).map((prompt) => {
    return new Set(passes.flatMap((pass) => [...distinctTexts(readPrompt(prompt, pass))])).size;
  });
  return texts.reduce((sum, count) => sum + count - 1, 0);
}

/** Remarks on what of the prompts is not read as what it looks like. */
export function promptWarnings(plan: Written, passes: readonly PassSteps[]): readonly string[] {
  return promptsOf(plan).flatMap((prompt) => [
    ...syntaxWarnings(prompt),
    ...passes.flatMap((pass) => scheduleWarnings(prompt, pass)),
  ]);
}

function scheduleWarnings(prompt: WrittenPrompt, pass: PassSteps): readonly string[] {
  const { readAsText, unchanging } = remarksOnSchedules(prompt, pass);
  const { field } = prompt;
  return [
    ...remark(field, readAsText, 'read as text: a schedule has at most two texts and a number.'),
    ...remark(field, unchanging, `the same at all of the ${pass.steps} steps.`),
  ];
}

function remark(field: string, pieces: readonly string[], what: string): readonly string[] {
  const [first, second, ...others] = pieces.map((piece) => JSON.stringify(shortened(piece)));
  if (first === undefined) return [];
  if (second === undefined) return [`${field}: ${first} is ${what}`];
  const rest = others.length === 0 ? [] : [`${others.length} more`];
  return [`${field}: ${listed([first, second, ...rest])} are ${what}`];
}
