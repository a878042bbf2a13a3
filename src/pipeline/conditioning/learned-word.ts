import { foldCase, indexNames, type NamedText, splitAtNames } from '../../prompt/learned-words.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** A word that vectors in the place of token embeddings stand for (textual inversion; Gal et al., 2022). */
export interface LearnedWord {
  /** As prompts call it, in any case. */
  readonly name: string;
  /** Tells its vectors from those of others of that name. */
  readonly key: string;
  /** One for each position that it takes, each as wide as the text encoder. */
  readonly vectors: readonly Float32Array[];
}

/** A vector at a position among the tokens of a chunk. */
export interface PlacedVector {
  readonly position: number;
  /** Tells the vector from others. */
  readonly key: string;
  readonly vector: Float32Array;
}

export interface Token {
  /** 0 where a vector stands in its place. */
  readonly id: number;
  readonly learned: Omit<PlacedVector, 'position'> | null;
}

/** Tokens of a text, in groups that stand in one chunk each: those of a learned word together, every other one alone. */
export type Tokenize = (text: string) => readonly (readonly Token[])[];

/** How a text is tokenised where some words are learned: what stands between them piece by piece, as if it were alone. */
export function tokenizing(tokenizer: Pick<Tokenizer, 'encode'>, words: readonly LearnedWord[]): Tokenize {
  const byName = new Map(words.map((word) => [foldCase(word.name), tokensOf(word)]));
  const index = indexNames(byName.keys());
  const tokensIn = (part: NamedText): readonly (readonly Token[])[] =>
    'name' in part ? [byName.get(part.name) ?? []] : tokenizer.encode(part.text).map((id) => [{ id, learned: null }]);
  return (text) => splitAtNames(text, index).flatMap(tokensIn);
}

function tokensOf({ key, vectors }: LearnedWord): readonly Token[] {
  return vectors.map((vector, index) => ({ id: 0, learned: { key: `${key}#${index}`, vector } }));
}
