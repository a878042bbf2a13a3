import { type Part, splitComposition } from './composition.ts';
import { takeLoraTags } from './lora-tags.ts';
import { parseSchedule, type PassSteps, type ScheduledText, textsOf, unchanging } from './schedule.ts';
import type { PromptSyntax } from './syntax.ts';

/** A prompt as it was sent. */
export interface WrittenPrompt {
  readonly text: string;
  readonly syntax: PromptSyntax;
  /** Of the request, for what is remarked and refused. */
  readonly field: string;
  /** In a negative prompt AND composes nothing and no LoRA is asked for: both are text. */
  readonly isNegative: boolean;
}

/** One of the prompts that `AND` composes, as a pass is told it. */
export interface ReadPart {
  readonly weight: number;
  /** What it says at the steps, each text once, in the order in which they come. Emphasis stands in them as it is written. */
  readonly texts: readonly string[];
  /** Which of them at each step that is executed. */
  readonly at: readonly number[];
}

/** The prompts that a prompt is for a pass: one at least. Throws `invalid_request` for more of them than is allowed. */
export function readPrompt(prompt: WrittenPrompt, pass: PassSteps): readonly ReadPart[] {
  return scheduledParts(prompt).map(({ weight, schedule }) => ({ weight, ...textsOf(schedule, pass) }));
}

/** How many prompts a prompt composes. */
export function countParts(prompt: WrittenPrompt): number {
  return partsOf(prompt).length;
}

/** Different texts of a prompt: each is encoded once. */
export function distinctTexts(parts: readonly ReadPart[]): ReadonlySet<string> {
  return new Set(parts.flatMap(({ texts }) => texts));
}

/** What of a prompt looks like a schedule and changes nothing. */
export interface ScheduleRemarks {
  /** Pieces that are no schedule after all. */
  readonly readAsText: readonly string[];
  readonly unchanging: readonly string[];
}

export function remarksOnSchedules(prompt: WrittenPrompt, passes: readonly PassSteps[]): ScheduleRemarks {
  const parts = scheduledParts(prompt);
  return {
    readAsText: parts.flatMap(({ schedule }) => schedule.readAsText),
    unchanging: parts.flatMap(({ schedule }) => unchanging(schedule, passes)),
  };
}

function scheduledParts(
  prompt: WrittenPrompt,
): readonly { readonly weight: number; readonly schedule: ScheduledText }[] {
  return partsOf(prompt).map(({ text, weight }) => ({
    weight,
    schedule: prompt.syntax === 'plain' ? { nodes: [text], readAsText: [] } : parseSchedule(text, prompt.field),
  }));
}

function partsOf({ text, syntax, field, isNegative }: WrittenPrompt): readonly Part[] {
  if (syntax === 'plain' || isNegative) return [{ text, weight: 1 }];
  return splitComposition(takeLoraTags(text).text, field);
}
