import { stat } from 'node:fs/promises';
import { type Config, modelFolders, typesFile } from '../config.ts';
import { conditionIds } from '../conditions/registry.ts';
import { ArmatureError } from '../errors.ts';
import { type ModelLibrary, openLibrary } from '../models/library.ts';

/** The models of all folders. `invalid_config` for a folder that was named and isn't there: it would be missed in silence. */
export async function libraryOf(config: Config): Promise<ModelLibrary> {
  for (const folder of config.models) {
    const found = await stat(folder).catch(() => null);
    if (found?.isDirectory() === true) continue;
    const detail = `Expected a folder for --models (ARMATURE_MODELS) but ${folder} is ${found === null ? 'not there' : 'a file'}.`;
    throw new ArmatureError('invalid_config', detail, { field: 'models' });
  }
  return await openLibrary(modelFolders(config), { typesFile: typesFile(config), conditions: conditionIds });
}
