import { foldCase, isName } from '../../prompt/learned-words.ts';
import type { BaseModel } from './base.ts';
import { findModel } from './find-model.ts';
import type { ModelNoun } from './model-noun.ts';
import type { AnyFoundModel, RejectedModel } from './model.ts';

/** Vectors that stand for a word of a prompt (textual inversion). */
export interface EmbeddingModel extends AnyFoundModel {
  readonly kind: 'embedding';
  /** What prompts may call it: what its file calls it, its file's name, its title. */
  readonly names: readonly string[];
  /** Positions of a prompt that it takes. */
  readonly vectors: number;
  /** Of a vector, for each text encoder. */
  readonly widths: readonly number[];
}

/** The embeddings that are there, and what cannot be used. */
interface Embeddings {
  readonly embeddings: readonly EmbeddingModel[];
  readonly rejected: readonly RejectedModel[];
}

/** The embedding of an id; `model_invalid` where its file was refused, else `unknown_model` with the choices. */
export function findEmbedding({ embeddings, rejected }: Embeddings, id: string, field: string): EmbeddingModel {
  return findModel(embeddings, rejected, id, field, embeddingNoun.noun);
}

/** Longer ones are no words of a prompt. */
const longestName = 200;

/** Of names that an embedding has those that a prompt can hold, each once whatever its case. */
export function namesInPrompts(names: readonly (string | null)[]): readonly string[] {
  const usable = names.filter((name) => name !== null && isName(name) && name.length <= longestName);
  return [...new Map(usable.map((name) => [foldCase(name ?? ''), name ?? ''])).values()];
}

/** Widths of the text encoders of public families. */
const families: readonly (readonly [family: string, widths: string])[] = [
  ['sd1', '768'],
  ['sd2', '1024'],
  ['sdxl', '768,1280'],
];

/** The family that an embedding was made for, in a word. */
export function embeddingFamily({ widths }: EmbeddingModel): string {
  return families.find(([, known]) => known === widths.join())?.[0] ?? 'other';
}

/** Widths of the text encoders of a base model, in their order. */
function textWidths({ family: { contextWidth }, added }: BaseModel): readonly number[] {
  return added === null ? [contextWidth] : [added.textWidth, contextWidth - added.textWidth];
}

/** Why an embedding does not fit a base model, as a sentence with the facts of both; null where it fits. */
export function embeddingMisfit(base: BaseModel, embedding: EmbeddingModel): string | null {
  const own = textWidths(base);
  if (embedding.widths.join() === own.join()) return null;
  const needs =
    own.length === 1
      ? `one text encoder of width ${own[0]}`
      : `two text encoders, of widths ${own.join(' and ')}, and takes vectors for both (clip_l and clip_g)`;
  return `The embedding ${embedding.id} (vectors of width ${embedding.widths.join(' and ')}) does not fit the base model ${base.id}, which has ${needs}.`;
}

export const embeddingNoun = {
  noun: 'embedding',
  list: 'embeddings',
  field: 'a word of prompt',
  misfit: embeddingMisfit,
} as const satisfies ModelNoun<EmbeddingModel>;
