import { row, type Tensor } from '../../numeric/tensor.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { Conditioning } from './conditioning.ts';

/** Makes some names of a conditioning from a prompt. A base model has a list of them. */
export interface PromptEncoder {
  /** Tells it apart from those of other models. */
  readonly key: string;
  readonly tokenizer: Tokenizer;
  /** Token ids, 77 of them, to what they mean, without an axis of rows. */
  encode(ids: Int32Array, clipSkip: number): Promise<Conditioning>;
}

/** The network of a text encoder. */
export interface TextNetwork {
  /** Token ids, 77 a row, to [rows, 77, width]. */
  encodeText(rows: readonly Int32Array[], clipSkip: number): Promise<Tensor>;
}

/** The text encoder of Stable Diffusion: `context`, [77, width]. */
export function textEncoder(key: string, network: TextNetwork, tokenizer: Tokenizer): PromptEncoder {
  return {
    key: `${key}/context`,
    tokenizer,
    encode: async (ids, clipSkip) => {
      const features = await network.encodeText([ids], clipSkip);
      return { context: { dims: features.dims.slice(1), data: row(features, 0) } };
    },
  };
}
