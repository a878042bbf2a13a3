import type { Chunk } from '../pipeline/conditioning/chunks.ts';
import type { Conditioning } from '../pipeline/conditioning/conditioning.ts';
import type { PromptEncoder } from '../pipeline/conditioning/prompt-encoder.ts';

/** What a text encoder is asked of a chunk. */
type ChunkTokens = Pick<Chunk, 'ids' | 'learned'>;

/** What the prompts used last mean: the empty negative prompt, and the same prompt over many seeds, cost one encoding. */
export class TextCache {
  readonly #limit: number;
  readonly #conditionings = new Map<string, Conditioning>();

  constructor(limit = 64) {
    this.#limit = limit;
  }

  has(encoder: PromptEncoder, tokens: ChunkTokens, clipSkip: number): boolean {
    return this.#conditionings.has(nameOf(encoder, tokens, clipSkip));
  }

  async encode(encoder: PromptEncoder, tokens: ChunkTokens, clipSkip: number): Promise<Conditioning> {
    const name = nameOf(encoder, tokens, clipSkip);
    const known = this.#conditionings.get(name);
    if (known !== undefined) {
      this.#conditionings.delete(name);
      this.#conditionings.set(name, known);
      return known;
    }
    const conditioning = await encoder.encode(tokens.ids, clipSkip, tokens.learned);
    this.#conditionings.set(name, conditioning);
    for (const oldest of this.#conditionings.keys()) {
      if (this.#conditionings.size <= this.#limit) break;
      this.#conditionings.delete(oldest);
    }
    return conditioning;
  }
}

function nameOf({ key }: PromptEncoder, { ids, learned }: ChunkTokens, clipSkip: number): string {
  const vectors = learned.map(({ position, key: vector }) => `/${position}:${vector}`).join('');
  return `${key}/${clipSkip}/${ids.join(',')}${vectors}`;
}
