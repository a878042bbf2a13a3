import { ArmatureError } from '../../errors.ts';
import { isWeightType, type WeightRef, type Weights, weightTypes } from '../../graph/weights.ts';
import { isHarmless, leftover } from './leftovers.ts';
import { textProjection } from '../key-maps/clip.ts';
import { rename, type RenameRule } from '../key-maps/rename.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import { scaledWeights } from './scaled-weights.ts';

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
    const scaled = scaledWeights(file);
    for (const [tensor, { dtype, shape, byteOffset, byteLength }] of file.tensors) {
      const name = tensor.startsWith(prefix) ? rename(tensor.slice(prefix.length), rules) : null;
      if (scaled.saysOfOthers(tensor)) continue;
      if (!tensor.startsWith(prefix) || (isHarmless(tensor) && (name === null || !isWanted(name)))) continue;
      if (name === null) throw leftover(tensor, file.name);
      if (weights.has(name)) throw twice(tensor, name, file.name);
      if (!isWeightType(dtype)) {
        throw new ArmatureError(
          'model_invalid',
          `Expected ${weightTypes.join(', ')} for tensor ${tensor} in ${file.name} but received ${dtype}.`,
        );
      }
      const scale = scaled.scaleOf(tensor);
      const stored = { file: file.fileName, tensor, dtype, shape, byteOffset, byteLength };
      weights.set(name, scale === undefined ? stored : { ...stored, scale });
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
