import type { Section } from '../../prompt/emphasis.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** As much of a prompt as a text encoder reads at once. */
export interface Chunk {
  /** Start token, up to 75 tokens, end token, padding: 77 of CLIP. */
  readonly ids: Int32Array;
  /** The weight of each; 1 of start, end and padding. */
  readonly weights: Float64Array;
  /** How many of them are the prompt's. */
  readonly tokens: number;
}

/** Tokens that may stand after the last comma of a full chunk and yet move to the next one. */
const commaBacktrack = 20;

/**
 * A prompt in chunks, as in A1111: each piece is tokenised by itself, a section begins a new chunk, and where a chunk is full what
 * stands behind its last comma moves to the next one, if that is at most `backtrack` tokens. There is always one chunk.
 */
export function chunksOf(
  sections: readonly Section[],
  tokenizer: Tokenizer,
  backtrack: number = commaBacktrack,
): readonly Chunk[] {
  const comma = tokenizer.encode(',')[0];
  const room = tokenizer.length - 2;
  const full: Token[][] = [];
  let chunk: Token[] = [];
  let lastComma = -1;
  const close = (rest: readonly Token[] = []): void => {
    full.push(chunk);
    chunk = [...rest];
    lastComma = -1;
  };
  sections.forEach((section, index) => {
    if (index > 0) close();
    for (const { text, weight } of section) {
      for (const id of tokenizer.encode(text)) {
        if (id === comma) lastComma = chunk.length;
        else if (chunk.length === room && lastComma !== -1 && room - lastComma <= backtrack) {
          close(chunk.splice(lastComma + 1));
        }
        if (chunk.length === room) close();
        chunk.push({ id, weight });
      }
    }
  });
  if (chunk.length > 0 || full.length === 0) close();
  return full.map((tokens) => padded(tokens, tokenizer));
}

interface Token {
  readonly id: number;
  readonly weight: number;
}

function padded(tokens: readonly Token[], { length, startId, endId, padId }: Tokenizer): Chunk {
  const ids = new Int32Array(length).fill(padId);
  ids.set([startId, ...tokens.map(({ id }) => id), endId]);
  const weights = new Float64Array(length).fill(1);
  weights.set(
    tokens.map(({ weight }) => weight),
    1,
  );
  return { ids, weights, tokens: tokens.length };
}
