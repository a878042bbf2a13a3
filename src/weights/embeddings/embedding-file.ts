import { createHash } from 'node:crypto';
import { ArmatureError } from '../../errors.ts';
import { isWeightType } from '../../graph/weights.ts';
import { elementCount } from '../../numeric/tensor.ts';
import type { TensorEntry } from '../safetensors/header.ts';
import { readTensor, type SafetensorsFile } from '../safetensors/safetensors.ts';

/** Names of the tensors that hold a learned word's vectors: one for the only text encoder, or one for each of SDXL's. */
export interface EmbeddingTensors {
  readonly only?: string;
  readonly clip_l?: string;
  readonly clip_g?: string;
}

/** A learned word as a file's header has it. */
export interface EmbeddingFacts {
  readonly tensors: EmbeddingTensors;
  /** What the file itself calls it; null where only the file's name does. */
  readonly token: string | null;
  /** Positions of a prompt that it takes. */
  readonly vectors: number;
  /** Of a vector, for each text encoder in the order of the base model's. */
  readonly widths: readonly number[];
}

/** Most vectors of a word: they stand together in one chunk of a prompt. */
const mostVectors = 75;

/** Larger files hold no vectors of a prompt's words. */
const mostBytes = 8 * 2 ** 20;

const pair = new Set(['clip_l', 'clip_g']);

/**
 * Whether a file is a learned word, by names and shapes of its tensors: `emb_params` (A1111), `clip_l` and `clip_g` (SDXL), or one tensor
 * of vectors whose name is the word (diffusers).
 */
export function isEmbedding({ tensors }: Pick<SafetensorsFile, 'tensors'>): boolean {
  const names = [...tensors.keys()];
  if (tensors.has('emb_params') || names.some((name) => pair.has(name))) return true;
  const [[name, entry] = []] = tensors;
  return tensors.size === 1 && name !== undefined && entry !== undefined && isWord(name) && isVectors(entry);
}

/** Weights of a layer are called after it; a word has no such ending. */
function isWord(name: string): boolean {
  return !/\.(?:weight|bias)$/.test(name);
}

function isVectors({ dtype, shape }: TensorEntry): boolean {
  return isWeightType(dtype) && (shape.length === 1 || shape.length === 2) && elementCount(shape) > 0;
}

/** What a file's header says of the word that it holds. Throws `model_invalid` where it is none that can be used. */
export function embeddingFacts(file: SafetensorsFile): EmbeddingFacts {
  if (file.byteLength > mostBytes) {
    throw invalid(file.name, `has ${file.byteLength} bytes, where a learned word has at most ${mostBytes}`);
  }
  const names = [...file.tensors.keys()];
  const tensors = Object.fromEntries(names.map((name) => [pair.has(name) ? name : 'only', name])) as EmbeddingTensors;
  const kinds = Object.keys(tensors);
  const isPair = kinds.length === 2 && tensors.only === undefined;
  if (names.length !== kinds.length || (kinds.length !== 1 && !isPair)) {
    const expected = 'one tensor, or clip_l and clip_g';
    throw invalid(file.name, `holds ${names.length} tensors where ${expected} are expected: ${shown(names)}`);
  }
  const token =
    tensors.only === undefined || /^(?:emb_params$|string_to_param\b)/.test(tensors.only) ? null : tensors.only;
  return { tensors, token, ...shapesOf(file, tensors) };
}

/** Number and widths of the vectors of some tensors. Throws `model_invalid` where they are no vectors, or too many. */
function shapesOf(file: SafetensorsFile, tensors: EmbeddingTensors): Pick<EmbeddingFacts, 'vectors' | 'widths'> {
  const shapes = tensorsInOrder(tensors).map((name) => {
    const entry = file.tensors.get(name);
    if (entry === undefined || !isVectors(entry)) {
      const is = entry === undefined ? 'missing' : `${entry.dtype} of shape [${entry.shape.join(', ')}]`;
      throw invalid(
        file.name,
        `has a tensor ${name.slice(0, 100)} that is ${is}: vectors [count, width] in F32, F16 or BF16 are expected`,
      );
    }
    const [count = 1, width = 1] = entry.shape.length === 1 ? [1, ...entry.shape] : entry.shape;
    return { count, width };
  });
  const vectors = shapes[0]?.count ?? 0;
  if (shapes.some(({ count }) => count !== vectors)) {
    throw invalid(
      file.name,
      `has ${shapes.map(({ count }) => count).join(' and ')} vectors for the two text encoders: as many for each are expected`,
    );
  }
  if (vectors > mostVectors) {
    throw invalid(file.name, `has ${vectors} vectors, and a chunk of a prompt has room for ${mostVectors}`);
  }
  return { vectors, widths: shapes.map(({ width }) => width) };
}

/** The vectors themselves, for each text encoder. Throws as {@link readTensor}. */
export async function readVectors(
  file: SafetensorsFile,
  tensors: EmbeddingTensors,
): Promise<readonly (readonly Float32Array[])[]> {
  const { vectors, widths } = shapesOf(file, tensors);
  return await Promise.all(
    tensorsInOrder(tensors).map(async (name, encoder) => {
      const values = await readTensor(file, name);
      const width = widths[encoder] ?? 0;
      return Array.from({ length: vectors }, (_, index) => values.subarray(index * width, (index + 1) * width));
    }),
  );
}

/** Tells two words apart, by every number of them: the first 16 hexadecimal digits of a SHA-256. */
export async function embeddingHash(file: SafetensorsFile, tensors: EmbeddingTensors): Promise<string> {
  const hash = createHash('sha256');
  const all = await readVectors(file, tensors);
  for (const [encoder, vectors] of all.entries()) {
    for (const vector of vectors) hash.update(`${encoder}:${vector.length}\n`).update(vector);
  }
  return hash.digest('hex').slice(0, 16);
}

/** As the base model has its text encoders. */
function tensorsInOrder({ only, clip_l: first, clip_g: second }: EmbeddingTensors): readonly string[] {
  return [only, first, second].filter((name) => name !== undefined);
}

function shown(names: readonly string[]): string {
  const some = names.slice(0, 3).map((name) => name.slice(0, 60));
  return names.length > some.length ? `${some.join(', ')} ...` : some.join(', ');
}

function invalid(name: string, problem: string): ArmatureError {
  return new ArmatureError('model_invalid', `${name} ${problem}.`);
}
