import type { Section } from '../../prompt/emphasis.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { type LearnedWord, type PlacedVector, type Token, tokenizing } from './learned-word.ts';

/** As much of a prompt as a text encoder reads at once. */
export interface Chunk {
  /** Start token, up to 75 tokens, end token, padding: 77 of CLIP. */
  readonly ids: Int32Array;
  /** What stands in the place of the embeddings of some of them. */
  readonly learned: readonly PlacedVector[];
  /** The weight of each; 1 of start, end and padding. */
  readonly weights: Float64Array;
  /** How many of them are the prompt's. */
  readonly tokens: number;
}

export interface ChunkOptions {
  readonly words?: readonly LearnedWord[];
  /** Tokens that may stand after the last comma of a full chunk and yet move to the next one. */
  readonly backtrack?: number;
}

const commaBacktrack = 20;

/**
 * A prompt in chunks, as in A1111: each piece is tokenised by itself, a section begins a new chunk, and where a chunk is full what
 * stands behind its last comma moves to the next one, if that is at most `backtrack` tokens. The vectors of a learned word stand in one
 * chunk; it must not have more than a chunk has room for. There is always one chunk.
 */
export function chunksOf(
  sections: readonly Section[],
  tokenizer: Tokenizer,
  { words = [], backtrack = commaBacktrack }: ChunkOptions = {},
): readonly Chunk[] {
  const comma = tokenizer.encode(',')[0];
  const tokenize = tokenizing(tokenizer, words);
  const room = tokenizer.length - 2;
  const full: WeighedToken[][] = [];
  let chunk: WeighedToken[] = [];
  let lastComma = -1;
  const close = (rest: readonly WeighedToken[] = []): void => {
    full.push(chunk);
    chunk = [...rest];
    lastComma = -1;
  };
  sections.forEach((section, index) => {
    if (index > 0) close();
    for (const { text, weight } of section) {
      for (const group of tokenize(text)) {
        const [first] = group;
        if (first !== undefined && first.learned === null && first.id === comma) lastComma = chunk.length;
        else if (chunk.length === room && lastComma !== -1 && room - lastComma <= backtrack) {
          close(chunk.splice(lastComma + 1));
        }
        if (chunk.length + group.length > room) close();
        for (const token of group) chunk.push({ ...token, weight });
      }
    }
  });
  if (chunk.length > 0 || full.length === 0) close();
  return full.map((tokens) => padded(tokens, tokenizer));
}

/** As much of a text as one chunk has room for, nothing of it weighed: what is beyond is left out, the vectors of a learned word all or none. */
export function firstChunk(
  text: string,
  tokenizer: Tokenizer,
  words: readonly LearnedWord[],
): { readonly chunk: Chunk; readonly leftOut: number } {
  const groups = tokenizing(tokenizer, words)(text);
  const room = tokenizer.length - 2;
  const kept: WeighedToken[] = [];
  for (const group of groups) {
    if (kept.length + group.length > room) break;
    for (const token of group) kept.push({ ...token, weight: 1 });
  }
  const all = groups.reduce((sum, group) => sum + group.length, 0);
  return { chunk: padded(kept, tokenizer), leftOut: all - kept.length };
}

interface WeighedToken extends Token {
  readonly weight: number;
}

function padded(tokens: readonly WeighedToken[], { length, startId, endId, padId }: Tokenizer): Chunk {
  const ids = new Int32Array(length).fill(padId);
  ids.set([startId, ...tokens.map(({ id }) => id), endId]);
  const weights = new Float64Array(length).fill(1);
  weights.set(
    tokens.map(({ weight }) => weight),
    1,
  );
  const learned = tokens.flatMap((token, index) =>
    token.learned === null ? [] : [{ position: index + 1, ...token.learned }],
  );
  return { ids, learned, weights, tokens: tokens.length };
}
