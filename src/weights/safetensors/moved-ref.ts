import { join, relative, sep } from 'node:path';
import type { WeightRef } from '../../graph/weights.ts';

/** The same bytes, named from another folder above their file. */
export function movedRef(ref: WeightRef, from: string, to: string): WeightRef {
  // The name stands in a model file, where the separator is always this one.
  const moved = (file: string): string => relative(to, join(from, file)).split(sep).join('/');
  const { scale } = ref;
  return {
    ...ref,
    file: moved(ref.file),
    ...(scale === undefined ? {} : { scale: { ...scale, file: moved(scale.file) } }),
  };
}

/** The deepest folder that is above all of them, or one of them. */
export function folderAbove(folders: readonly string[]): string {
  return folders.reduce(commonFolder);
}

/** The deepest folder that is above both, or one of them. */
function commonFolder(one: string, other: string): string {
  const [a, b] = [one.split(sep), other.split(sep)];
  const different = a.findIndex((name, index) => name !== b[index]);
  const shared = different === -1 ? a : a.slice(0, different);
  return shared.length <= 1 ? `${shared[0] ?? ''}${sep}` : shared.join(sep);
}
