import { ArmatureError } from '../errors.ts';
import { promptLimits } from './limits.ts';
import { distinctTexts, readPrompt, type WrittenPrompt } from './read-prompt.ts';
import type { PassSteps } from './schedule.ts';
import { sectionsOf } from './syntax.ts';

/**
 * Refuses a prompt that is more than {@link promptLimits} allow in one of the passes, so that neither reading nor encoding it takes
 * long. Throws `invalid_request` with what to do.
 */
export function checkPrompt(prompt: WrittenPrompt, passes: readonly PassSteps[]): void {
  if (prompt.syntax === 'plain') return;
  for (const pass of passes) {
    const parts = readPrompt(prompt, pass);
    for (const { weight } of parts) checkWeight(prompt, weight, 'of what AND composes');
    const texts = distinctTexts(parts);
    checkAtMost(prompt, texts.size, promptLimits.texts, 'different texts over all steps', fewer);
    const characters = [...texts].reduce((sum, text) => sum + text.length, 0);
    checkAtMost(prompt, characters, promptLimits.characters, 'characters in its different texts together', fewer);
    for (const text of texts) {
      const pieces = sectionsOf(text, prompt.syntax).flat();
      checkAtMost(prompt, pieces.length, promptLimits.pieces, 'pieces of different weight', literal);
      for (const { weight } of pieces) checkWeight(prompt, weight, 'in brackets');
    }
  }
}

const fewer = 'Schedule less of it, or fewer steps apart.';
const literal = 'Write a backslash before brackets that are text, or send prompt_syntax "plain".';

function checkAtMost({ field }: WrittenPrompt, count: number, most: number, what: string, remedy: string): void {
  if (count <= most) return;
  const detail = `Expected ${field} to have at most ${most} ${what} but it has ${count}. ${remedy}`;
  throw new ArmatureError('invalid_request', detail, { field });
}

function checkWeight({ field }: WrittenPrompt, weight: number, where: string): void {
  const most = promptLimits.weight;
  if (Math.abs(weight) <= most) return;
  const detail = `Expected every weight ${where} in ${field} to be from -${most} to ${most} but one is ${Number(weight.toPrecision(4))}. ${literal}`;
  throw new ArmatureError('invalid_request', detail, { field });
}
