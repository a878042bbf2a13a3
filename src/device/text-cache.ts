import type { Conditioning } from '../pipeline/conditioning/conditioning.ts';
import type { PromptEncoder } from '../pipeline/conditioning/prompt-encoder.ts';

/** What the prompts used last mean: the empty negative prompt, and the same prompt over many seeds, cost one encoding. */
export class TextCache {
  readonly #limit: number;
  readonly #conditionings = new Map<string, Conditioning>();

  constructor(limit = 64) {
    this.#limit = limit;
  }

  has(encoder: PromptEncoder, ids: Int32Array, clipSkip: number): boolean {
    return this.#conditionings.has(nameOf(encoder, ids, clipSkip));
  }

  async encode(encoder: PromptEncoder, ids: Int32Array, clipSkip: number): Promise<Conditioning> {
    const name = nameOf(encoder, ids, clipSkip);
    const known = this.#conditionings.get(name);
    if (known !== undefined) {
      this.#conditionings.delete(name);
      this.#conditionings.set(name, known);
      return known;
    }
    const conditioning = await encoder.encode(ids, clipSkip);
    this.#conditionings.set(name, conditioning);
    for (const oldest of this.#conditionings.keys()) {
      if (this.#conditionings.size <= this.#limit) break;
      this.#conditionings.delete(oldest);
    }
    return conditioning;
  }
}

function nameOf({ key }: PromptEncoder, ids: Int32Array, clipSkip: number): string {
  return `${key}/${clipSkip}/${ids.join(',')}`;
}
