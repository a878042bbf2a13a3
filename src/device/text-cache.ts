import { row } from '../numeric/tensor.ts';
import type { BaseNetworks } from '../pipeline/networks.ts';
import type { TextContext } from '../pipeline/sample.ts';

/** Text features of the prompts used last: the empty negative prompt, and the same prompt over many seeds, cost one encoding. */
export class TextCache {
  readonly #limit: number;
  readonly #contexts = new Map<string, TextContext>();

  constructor(limit = 64) {
    this.#limit = limit;
  }

  /** `key` tells models and clip skips apart; the ids tell prompts apart. */
  async encode(key: string, networks: BaseNetworks, ids: Int32Array, clipSkip: number): Promise<TextContext> {
    const name = `${key}/${clipSkip}/${ids.join(',')}`;
    const known = this.#contexts.get(name);
    if (known !== undefined) {
      this.#contexts.delete(name);
      this.#contexts.set(name, known);
      return known;
    }
    const features = await networks.encodeText([ids], clipSkip);
    const [, tokens = 0, width = 0] = features.dims;
    const context = { tokens, width, values: row(features, 0) };
    this.#contexts.set(name, context);
    for (const oldest of this.#contexts.keys()) {
      if (this.#contexts.size <= this.#limit) break;
      this.#contexts.delete(oldest);
    }
    return context;
  }
}
