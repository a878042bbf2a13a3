import { ArmatureError } from '../../errors.ts';
import type { WeightRef, Weights, WeightType } from '../../graph/weights.ts';
import { isHarmless, leftover } from './leftovers.ts';
import { textProjection } from '../key-maps/clip.ts';
import { rename, type RenameRule } from '../key-maps/rename.ts';
import type { SafetensorsFile, TensorType } from '../safetensors/safetensors.ts';

/** Names keep what they are. */
export const sameNames: readonly RenameRule[] = [[/^(.+)$/, '$1']];

/**
 * The tensors of `files` that start with `prefix`, by the names that `rules` give them; known leftovers are left out, but for those that are `isWanted`. Throws
 * `not_supported_yet` for a tensor that no rule knows, `model_invalid` for two that are one weight.
 */
export function weightsOf(
  files: readonly SafetensorsFile[],
  rules: readonly RenameRule[] = sameNames,
  prefix = '',
  isWanted: (name: string) => boolean = (name) => name === textProjection,
): Weights {
  const weights = new Map<string, WeightRef>();
  for (const file of files) {
    for (const [tensor, { dtype, shape, byteOffset, byteLength }] of file.tensors) {
      const name = tensor.startsWith(prefix) ? rename(tensor.slice(prefix.length), rules) : null;
      if (!tensor.startsWith(prefix) || (isHarmless(tensor) && (name === null || !isWanted(name)))) continue;
      if (name === null) throw leftover(tensor, file.name);
      if (weights.has(name)) throw twice(tensor, name, file.name);
      if (!isWeight(dtype)) {
        throw new ArmatureError(
          'model_invalid',
          `Expected F32, F16 or BF16 for tensor ${tensor} in ${file.name} but received ${dtype}.`,
        );
      }
      weights.set(name, { file: file.fileName, tensor, dtype, shape, byteOffset, byteLength });
    }
  }
  return weights;
}

function twice(tensor: string, name: string, file: string): ArmatureError {
  return new ArmatureError(
    'model_invalid',
    `Expected one tensor for ${name} in ${file} but ${tensor} is a second one.`,
  );
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
