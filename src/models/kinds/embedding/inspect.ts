import { basename } from 'node:path';
import { ArmatureError } from '../../../errors.ts';
import { type EmbeddingModel, namesInPrompts } from '../../../generation/models/embedding.ts';
import { embeddingFacts, embeddingHash } from '../../../weights/embeddings/embedding-file.ts';
import { openSafetensors, type SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import { modelFileStem } from '../../names/model-files.ts';
import type { Given } from '../contract/kind.ts';

/** A single file, whose few vectors are read for its hash. */
export async function inspectEmbedding(
  path: string,
  { id, title, licence }: Given,
  opened: SafetensorsFile | null,
): Promise<EmbeddingModel> {
  const file = opened ?? (await openSafetensors(path));
  const { tensors, token, vectors, widths } = embeddingFacts(file);
  const names = namesInPrompts([token, modelFileStem(path), title]);
  if (names.length === 0) {
    const detail = `${basename(path)} has no name that a prompt could call it by: rename it to a word with letters or digits.`;
    throw new ArmatureError('model_invalid', detail);
  }
  const hash = await embeddingHash(file, tensors);
  return {
    kind: 'embedding',
    id,
    title,
    licence,
    owner: null,
    hash,
    path,
    names,
    vectors,
    widths,
  };
}
