import { row, type Tensor } from '../../numeric/tensor.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { Conditioning } from './conditioning.ts';
import type { LearnedWord, PlacedVector } from './learned-word.ts';

/** Makes some names of a conditioning from a prompt. A base model has a list of them. */
export interface PromptEncoder {
  /** Tells it apart from those of other models. */
  readonly key: string;
  readonly tokenizer: Tokenizer;
  /** Which of the prompts it reads: SDXL's second encoder may have one of its own. */
  readonly reads: 'prompt' | 'prompt_2';
  /** Words of a request that it has been taught; absent where there are none. */
  readonly words?: readonly LearnedWord[];
  /** Token ids, 77 of them, to what they mean, without an axis of rows. `learned` stands in the place of some of their embeddings. */
  encode(ids: Int32Array, clipSkip: number, learned?: readonly PlacedVector[]): Promise<Conditioning>;
}

/** The network of a text encoder. */
export interface TextNetwork {
  /** Token ids, 77 a row, and what stands in the place of embeddings of the row. */
  encodeText(
    rows: readonly Int32Array[],
    clipSkip: number,
    learned?: readonly (readonly PlacedVector[])[],
  ): Promise<EncodedTexts>;
}

export interface EncodedTexts {
  /** [rows, 77, width] */
  readonly context: Tensor;
  /** What the end of each text is projected to, [rows, width]; null where it is not. */
  readonly embeds: Tensor | null;
}

/** A text encoder of Stable Diffusion: `context`, [77, width], and `text_embeds`, [width], where it projects. */
export function textEncoder(
  key: string,
  network: TextNetwork,
  tokenizer: Tokenizer,
  reads: PromptEncoder['reads'] = 'prompt',
): PromptEncoder {
  return {
    key: `${key}/context`,
    tokenizer,
    reads,
    encode: async (ids, clipSkip, learned = []) => {
      const { context, embeds } = await network.encodeText([ids], clipSkip, [learned]);
      return { context: firstRow(context), ...(embeds === null ? {} : { text_embeds: firstRow(embeds) }) };
    },
  };
}

function firstRow(rows: Tensor): Tensor {
  return { dims: rows.dims.slice(1), data: row(rows, 0) };
}
