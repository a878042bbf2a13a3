import { ArmatureError } from '../errors.ts';
import type { LearnedWord } from '../pipeline/conditioning/learned-word.ts';
import { LeastRecent } from '../runtime/least-recent.ts';
import {
  embeddingFacts,
  embeddingHash,
  type EmbeddingTensors,
  readVectors,
} from '../weights/embeddings/embedding-file.ts';
import { loraFingerprint, openLoraFile } from '../weights/lora/lora-file.ts';
import { openSafetensors, type SafetensorsFile } from '../weights/safetensors/safetensors.ts';
import type { WordWork } from './protocol.ts';

/** Words whose vectors are kept: a few hundred kilobytes at most each. */
const mostWords = 64;

/** The vectors of a word, for each text encoder in the order of the base model's. */
type Vectors = readonly (readonly Float32Array[])[];

/** The learned words of requests, each read from its file once. */
export class LearnedWords {
  readonly #read = new LeastRecent<Promise<Vectors>>(mostWords);

  /**
   * For each text encoder, of these widths, the words that it is taught. Throws `model_invalid` where a file is not the one any more that the
   * request was accepted with, and where its vectors are of other widths.
   */
  async of(words: readonly WordWork[], widths: readonly number[]): Promise<readonly (readonly LearnedWord[])[]> {
    const read = await Promise.all(
      words.map(async (word) => ({ word, key: keyOf(word), vectors: await this.#vectorsOf(word) })),
    );
    for (const { word, vectors } of read) requireWidths(word, vectors, widths);
    return widths.map((_, encoder) =>
      read.map(({ word, key, vectors }) => ({ name: word.name, key, vectors: vectors[encoder] ?? [] })),
    );
  }

  async #vectorsOf(word: WordWork): Promise<Vectors> {
    const key = keyOf(word);
    const known = this.#read.get(key);
    if (known !== undefined) return await known;
    const reading = readWord(word);
    this.#read.set(key, reading);
    // One that failed may be tried again.
    reading.catch(() => this.#read.delete(key));
    return await reading;
  }
}

async function readWord({ model, bundled }: WordWork): Promise<Vectors> {
  const { file, tensors, hash } = await (bundled === null
    ? openEmbedding(model.path)
    : openBundled(model.path, bundled));
  if (hash === model.hash) return await readVectors(file, tensors);
  const what = bundled === null ? 'learned word' : 'LoRA';
  const detail = `The ${what} "${model.id}" was replaced while this job waited to be drawn. Send the request again to draw with the new one.`;
  throw new ArmatureError('model_invalid', detail);
}

interface OpenWord {
  readonly file: SafetensorsFile;
  readonly tensors: EmbeddingTensors;
  readonly hash: string;
}

async function openEmbedding(path: string): Promise<OpenWord> {
  const file = await openSafetensors(path);
  const { tensors } = embeddingFacts(file);
  return { file, tensors, hash: await embeddingHash(file, tensors) };
}

async function openBundled(path: string, word: string): Promise<OpenWord> {
  const lora = await openLoraFile(path);
  return { file: lora.file, tensors: lora.words.get(word) ?? {}, hash: await loraFingerprint(lora) };
}

function requireWidths({ name, model }: WordWork, vectors: Vectors, widths: readonly number[]): void {
  const own = vectors.map(([first]) => first?.length ?? 0);
  if (own.length === widths.length && own.every((width, index) => width === widths[index])) return;
  const detail = `The word ${JSON.stringify(name)} of "${model.id}" has vectors of width ${own.join(' and ')}, and the text encoders have ${widths.join(' and ')}.`;
  throw new ArmatureError('model_invalid', detail);
}

function keyOf({ model: { id, hash }, bundled }: WordWork): string {
  return JSON.stringify([id, hash, bundled]);
}
