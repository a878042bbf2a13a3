import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { AnyModel } from '../../generation/models/kinds.ts';
import { isWeights } from '../names/model-files.ts';
import { sha256Of } from './verify.ts';

/** The sha256 of each file of weights of a model, by its path inside the model's folder; of a single file, by its name. */
export async function weightHashes({
  path,
}: Pick<AnyModel, 'path'>): Promise<readonly { readonly path: string; readonly sha256: string }[]> {
  const found = await stat(path);
  const folder = found.isDirectory() ? path : join(path, '..');
  const files = found.isDirectory() ? await weightsIn(path) : [path];
  const hashes = [];
  for (const file of files) {
    hashes.push({ path: relative(folder, file).split(sep).join('/'), sha256: await sha256Of(file) });
  }
  return hashes;
}

async function weightsIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const weights = entries.filter((entry) => !entry.isDirectory() && isWeights(entry.name));
  return weights.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
}
