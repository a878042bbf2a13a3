import { row } from '../../numeric/tensor.ts';
import type { BaseNetworks } from '../networks.ts';
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

/** The text encoder of Stable Diffusion: `context`, [77, width]. */
export function textEncoder(key: string, networks: BaseNetworks, tokenizer: Tokenizer): PromptEncoder {
  return {
    key: `${key}/context`,
    tokenizer,
    encode: async (ids, clipSkip) => {
      const features = await networks.encodeText([ids], clipSkip);
      return { context: { dims: features.dims.slice(1), data: row(features, 0) } };
    },
  };
}
