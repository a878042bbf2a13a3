import { readdir, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import type { AnyModel } from '../../generation/models/kinds.ts';
import { placeInFolder, type PulledModel, pulledModels, sourceName } from './source.ts';
import { foldersOf, verifyPulled } from './verify.ts';

export interface Removed {
  readonly folder: string;
  /** How many files went. */
  readonly files: number;
  /** Names that stay in the folder, because no pull has brought them as they are; empty where the folder went. */
  readonly left: readonly string[];
}

/**
 * What a pull has made of the model `id` in these folders of models: `found` is how the library lists it, undefined where it does not. `unknown_model` where
 * there is nothing of that id, `conflict` where no pull has brought it.
 */
export async function pulledModelOf(
  id: string,
  found: AnyModel | undefined,
  places: readonly string[],
): Promise<PulledModel> {
  const pulled = await pulledModels(places);
  if (found === undefined) {
    const named = pulled.find(({ folder }) => basename(folder) === id);
    if (named !== undefined) return named;
    const choices = pulled.map(({ folder }) => basename(folder));
    const detail = `There is no model ${JSON.stringify(id.slice(0, 100))} that was pulled.${choices.length === 0 ? '' : ` Pulled were ${choices.join(', ')}.`}`;
    throw new ArmatureError('unknown_model', detail, { field: 'id', choices });
  }
  if ('bundledWith' in found && found.bundledWith !== null) {
    const detail = `${id} is a part of ${found.bundledWith}, with which it came: remove that one.`;
    throw new ArmatureError('conflict', detail, { field: 'id' });
  }
  const own = pulled.find((one) => isOf(found.path, one));
  if (own === undefined) {
    const detail = `${id} was not brought by \`armature models pull\`, and what is yours is never deleted. It lies in ${found.path}.`;
    throw new ArmatureError('conflict', detail, { field: 'id' });
  }
  return own;
}

/** Whether a model is what a pull has brought: its folder, or a file of it. What others put into that folder is another model. */
function isOf(path: string, { folder, source: { files } }: PulledModel): boolean {
  return path === folder || files.some((file) => path === join(folder, placeInFolder(file.path, files)));
}

/**
 * Deletes what a pull has brought, as far as it is still what the pull brought, and then its folder, where nothing else lies in that. What was changed, a link,
 * and what others put there stays.
 */
export async function removePulled(model: PulledModel): Promise<Removed> {
  const { folder } = model;
  const files = await verifyPulled(model);
  const ours = files.filter(({ state }) => state === 'whole');
  for (const { path } of ours) await rm(join(folder, path));
  // Folders that hold something else stay, and say so by failing.
  for (const inner of foldersOf(ours)) await rmdir(join(folder, inner)).catch(() => undefined);
  // Last: a removal that is interrupted is gone on with by the next one.
  await rm(join(folder, sourceName));
  const left = await readdir(folder);
  if (left.length === 0) await rmdir(folder);
  return { folder, files: ours.length, left: left.toSorted() };
}
