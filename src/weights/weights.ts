import { ArmatureError } from '../errors.ts';
import type { WeightRef, Weights, WeightType } from '../graph/weights.ts';
import { rename, type RenameRule } from './key-maps/rename.ts';
import type { SafetensorsFile, TensorType } from './safetensors.ts';

/** Names keep what they are. */
export const sameNames: readonly RenameRule[] = [[/^(.+)$/, '$1']];

/**
 * The tensors of `files` that start with `prefix`, by the names that `rules` give them. Tensors that no rule knows are left
 * out, and position ids, which only count from 0, in whatever number format.
 */
export function weightsOf(
  files: readonly SafetensorsFile[],
  rules: readonly RenameRule[] = sameNames,
  prefix = '',
): Weights {
  const weights = new Map<string, WeightRef>();
  for (const file of files) {
    for (const [tensor, { dtype, shape, byteOffset, byteLength }] of file.tensors) {
      const name = tensor.startsWith(prefix) ? rename(tensor.slice(prefix.length), rules) : null;
      if (name === null || name.endsWith('position_ids')) continue;
      if (!isWeight(dtype)) {
        throw new ArmatureError(
          'model_invalid',
          `Expected F32, F16 or BF16 for tensor ${tensor} in ${file.name} but received ${dtype}.`,
        );
      }
      weights.set(name, { file: file.fileName, dtype, shape, byteOffset, byteLength });
    }
  }
  return weights;
}

/** The one folder that holds `files`. */
export function folderOf(files: readonly SafetensorsFile[]): string {
  const folders = new Set(files.map((file) => file.folder));
  const [folder] = folders;
  if (folder === undefined || folders.size > 1) {
    const names = files.map((file) => file.name).join(', ');
    throw new ArmatureError(
      'model_invalid',
      `Expected the weight files ${names} in one folder but links lead to several.`,
    );
  }
  return folder;
}

function isWeight(dtype: TensorType): dtype is WeightType {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}
