import { checkPrompt } from '../prompt/check-prompt.ts';
import { listed, shortened, syntaxWarnings } from '../prompt/foreign-syntax.ts';
import {
  countParts,
  distinctTexts,
  readPrompt,
  remarksOnSchedules,
  type WrittenPrompt,
} from '../prompt/read-prompt.ts';
import { indexNames, type NameIndex, splitAtNames } from '../prompt/learned-words.ts';
import type { PassSteps } from '../prompt/schedule.ts';
import { sectionsOf } from '../prompt/syntax.ts';
import type { GenerationPlan, PlannedEmbedding } from './plan.ts';
import type { ModelReference } from './plan-references.ts';

type Written = Pick<GenerationPlan, 'prompt' | 'negativePrompt' | 'promptSyntax' | 'added'>;

/** Where a prompt of a pass stands in the request, and the steps that its schedules count. */
export interface PromptReading {
  /** What stands before its name: `hires.`, or nothing. */
  readonly within: string;
  readonly steps: PassSteps;
}

/** Of a prompt and of a negative one, with what the second text encoder reads in the place of each. */
export type PromptReadings = Readonly<Record<'prompt' | 'negative', PromptReading>>;

/** A pass as far as its prompts go. */
export interface PromptedPass extends Written {
  readonly model: ModelReference;
  readonly reading: PromptReadings;
}

/** The prompt of a plan, or of a pass of it. */
export function promptOf({
  prompt: text,
  promptSyntax: syntax,
  reading,
}: Pick<Written, 'prompt' | 'promptSyntax'> & Partial<Pick<PromptedPass, 'reading'>>): WrittenPrompt {
  return { text, syntax, field: `${reading?.prompt.within ?? ''}prompt`, isNegative: false };
}

export function negativePromptOf({
  negativePrompt: text,
  promptSyntax: syntax,
  reading,
}: Written & Partial<Pick<PromptedPass, 'reading'>>): WrittenPrompt {
  return { text, syntax, field: `${reading?.negative.within ?? ''}negative_prompt`, isNegative: true };
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

/** A prompt of a pass, and the steps that its schedules count. */
interface AskedPrompt {
  /** The same in all passes that read it in one place: the first text encoder's, or the second one's. */
  readonly place: string;
  readonly prompt: WrittenPrompt;
  readonly steps: PassSteps;
}

function promptsOf(pass: PromptedPass): readonly AskedPrompt[] {
  const { prompt, negative } = pass.reading;
  const second = (['prompt', 'negative'] as const).flatMap((role): readonly AskedPrompt[] => {
    const own = secondPromptOf(pass, role);
    return own === null ? [] : [{ place: own.field, prompt: own, steps: pass.reading[role].steps }];
  });
  return [
    { place: 'prompt', prompt: promptOf(pass), steps: prompt.steps },
    { place: 'negative_prompt', prompt: negativePromptOf(pass), steps: negative.steps },
    ...second,
  ];
}

/** The prompts of several passes, each once, with the steps of all of those that read it. */
function promptsByField(
  passes: readonly PromptedPass[],
): readonly { readonly prompt: WrittenPrompt; readonly steps: readonly PassSteps[] }[] {
  const found = new Map<string, { readonly prompt: WrittenPrompt; readonly steps: PassSteps[] }>();
  for (const { prompt, steps } of passes.flatMap(promptsOf)) {
    const known = found.get(prompt.field) ?? { prompt, steps: [] };
    known.steps.push(steps);
    found.set(prompt.field, known);
  }
  return [...found.values()];
}

/** Refuses prompts that are more than their limits allow. */
export function checkPrompts(passes: readonly PromptedPass[]): void {
  for (const { prompt, steps } of promptsByField(passes)) checkPrompt(prompt, steps);
}

/** How many prompts a plan composes: each is a row of every evaluation. */
export function composedPrompts(plan: Pick<Written, 'prompt' | 'promptSyntax'>): number {
  return countParts(promptOf(plan));
}

/** Texts that are encoded beyond those that every drawing has, one in each place: those that schedules, AND and further passes add. */
export function furtherTexts(passes: readonly PromptedPass[]): number {
  const places = new Map<string, Set<string>>();
  for (const pass of passes) {
    for (const { place, prompt, steps } of promptsOf(pass)) {
      const texts = places.get(place) ?? new Set();
      places.set(place, texts);
      for (const text of distinctTexts(readPrompt(prompt, steps))) texts.add(JSON.stringify([pass.model.id, text]));
    }
  }
  return [...places.values()].reduce((sum, texts) => sum + texts.size - 1, 0);
}

/** Every piece of text of the prompts of a pass that is tokenised by itself, and the field that holds it. */
export function piecesOf(pass: PromptedPass): readonly { readonly text: string; readonly field: string }[] {
  return promptsOf(pass).flatMap(({ prompt, steps }) => {
    const pieces = [...distinctTexts(readPrompt(prompt, steps))].flatMap((text) =>
      sectionsOf(text, prompt.syntax).flat(),
    );
    return pieces.map(({ text }) => ({ text, field: prompt.field }));
  });
}

/** Remarks on what of the prompts is not read as what it looks like. */
export function promptWarnings(
  passes: readonly PromptedPass[],
  words: readonly PlannedEmbedding[] = [],
): readonly string[] {
  const learned = indexNames(words.map(({ name }) => name).filter((name) => name.includes(':')));
  return promptsByField(passes).flatMap(({ prompt, steps }) => [
    ...syntaxWarnings({ ...prompt, text: withoutNames(prompt.text, learned) }),
    ...scheduleWarnings(prompt, steps),
  ]);
}

/** A text without the learned words in it: what they look like to other programs they are here too. */
function withoutNames(text: string, names: NameIndex): string {
  if (names.size === 0) return text;
  return splitAtNames(text, names)
    .map((part) => ('text' in part ? part.text : ''))
    .join('');
}

function scheduleWarnings(prompt: WrittenPrompt, passes: readonly PassSteps[]): readonly string[] {
  const { readAsText, unchanging } = remarksOnSchedules(prompt, passes);
  const { field } = prompt;
  const steps = passes.reduce((sum, pass) => sum + (pass.own?.count ?? pass.steps), 0);
  return [
    ...remark(field, readAsText, 'read as text: a schedule has at most two texts and a number.'),
    ...remark(field, unchanging, `the same at all of the ${steps} steps.`),
  ];
}

function remark(field: string, pieces: readonly string[], what: string): readonly string[] {
  const [first, second, ...others] = pieces.map((piece) => JSON.stringify(shortened(piece)));
  if (first === undefined) return [];
  if (second === undefined) return [`${field}: ${first} is ${what}`];
  const rest = others.length === 0 ? [] : [`${others.length} more`];
  return [`${field}: ${listed([first, second, ...rest])} are ${what}`];
}
