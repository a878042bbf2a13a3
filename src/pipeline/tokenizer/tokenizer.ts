import { ArmatureError } from '../../errors.ts';
import { encodeWord, mergeRanks } from './byte-pair-encoding.ts';
import { splitAtTokens, type SpecialTokens } from './special-tokens.ts';
import { normalizeText, splitWords } from './words.ts';

export interface TokenizerFiles {
  /** `vocab.json`: the id of each symbol. */
  readonly vocab: Readonly<Record<string, number>>;
  /** The text of `merges.txt`. */
  readonly merges: string;
  readonly special: SpecialTokens;
  /** Ids that the text encoder reads at once; 77 in every CLIP. */
  readonly length?: number;
}

export interface TokenizedPrompt {
  /** Start token, ids, end token, padding: as many as the text encoder reads. */
  readonly ids: Int32Array;
  /** How many ids at the end of the prompt found no room. */
  readonly truncated: number;
}

export interface Tokenizer {
  readonly length: number;
  readonly startId: number;
  readonly endId: number;
  readonly padId: number;
  /** Of the whole vocabulary: a text encoder has to know as many. */
  readonly largestId: number;
  /** The ids of the whole text, without start and end. */
  encode(text: string): number[];
  tokenize(text: string): TokenizedPrompt;
}

/**
 * CLIP's tokenizer (Radford et al. 2021): byte-level BPE over lower-cased words, exactly as transformers' `CLIPTokenizer`
 * gives it; HTML entities stay as they are and no mojibake is repaired. Throws `model_invalid` where the vocabulary lacks
 * a special token.
 */
export function createTokenizer({ vocab, merges, special, length = 77 }: TokenizerFiles): Tokenizer {
  const idOf = new Map(Object.entries(vocab));
  const ranks = mergeRanks(merges);
  const specialId = (token: string): number => idOf.get(token) ?? missingToken(token);
  const startId = specialId(special.start);
  const endId = specialId(special.end);
  const padId = specialId(special.pad);
  const unknownId = specialId(special.unknown);
  const asWritten = special.tokens.filter((token) => !token.normalized);
  const inNormalized = special.tokens.filter((token) => token.normalized);

  function encode(text: string): number[] {
    return splitAtTokens(text, asWritten).flatMap((part) =>
      typeof part === 'string' ? encodeNormalized(normalizeText(part)) : specialId(part.token),
    );
  }

  function encodeNormalized(text: string): number[] {
    return splitAtTokens(text, inNormalized).flatMap((part) =>
      typeof part === 'string' ? encodeWords(part) : specialId(part.token),
    );
  }

  function encodeWords(text: string): number[] {
    const symbols = splitWords(text).flatMap((word) => encodeWord(word, ranks));
    return symbols.map((symbol) => idOf.get(symbol) ?? unknownId);
  }

  function tokenize(text: string): TokenizedPrompt {
    const encoded = encode(text);
    const kept = encoded.slice(0, length - 2);
    const ids = new Int32Array(length).fill(padId);
    ids.set([startId, ...kept, endId]);
    return { ids, truncated: encoded.length - kept.length };
  }

  let largestId = 0;
  for (const id of idOf.values()) largestId = Math.max(largestId, id);
  return { length, startId, endId, padId, largestId, encode, tokenize };
}

function missingToken(token: string): never {
  throw new ArmatureError(
    'model_invalid',
    `Expected vocab.json of the tokenizer to hold the special token ${JSON.stringify(token)} but it does not. The tokenizer files do not belong together.`,
  );
}
