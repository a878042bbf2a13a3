import { ArmatureError } from '../errors.ts';
import { barePlaces, matchBrackets } from './brackets.ts';
import { promptLimits } from './limits.ts';
import { numberOf } from './number.ts';
import { placesOfWord } from './words.ts';

/** One of the prompts that `AND` composes. */
export interface Part {
  readonly text: string;
  readonly weight: number;
}

/**
 * The prompts that `AND` composes, each with the weight that may end it: `a cat AND a dog :0.5`. Without an `AND` it is the whole
 * text, to the letter. In brackets it is a word like others. What ends in a ratio or a time, such as 16:9, has no weight: a digit
 * stands right before the colon.
 */
export function splitComposition(text: string, field: string): readonly Part[] {
  const cuts = bareWords(text, 'AND');
  if (cuts.length === 0) return [{ text, weight: 1 }];
  if (cuts.length >= promptLimits.parts) {
    const detail = `Expected ${field} to compose at most ${promptLimits.parts} prompts with AND but it has ${cuts.length + 1}.`;
    throw new ArmatureError('invalid_request', detail, { field });
  }
  const ends = [...cuts, text.length];
  return ends.map((end, index) => partOf(text.slice(index === 0 ? 0 : (cuts[index - 1] ?? 0) + 3, end).trim()));
}

/** Places of a word by itself that is in no brackets. */
export function bareWords(text: string, word: string): readonly number[] {
  const places = placesOfWord(text, word);
  if (places.length === 0) return [];
  const bare = new Set(barePlaces(text, matchBrackets(text)));
  return places.filter((at) => bare.has(at));
}

function partOf(text: string): Part {
  const colon = text.lastIndexOf(':');
  const weight = colon === -1 || /\d/.test(text[colon - 1] ?? '') ? null : numberOf(text.slice(colon + 1));
  return weight === null ? { text, weight: 1 } : { text: text.slice(0, colon).trimEnd(), weight };
}
