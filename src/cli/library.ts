import { stat } from 'node:fs/promises';
import { type Config, embeddedAnnotators, modelCatalog, modelFolders, pulledAnnotators, typesFile } from '../config.ts';
import { conditionIds } from '../conditions/registry.ts';
import { ArmatureError } from '../errors.ts';
import { AnnotatorLibrary } from '../models/annotators/annotators.ts';
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

/** The networks of the extractors: those of the package, and pulled ones of all folders. */
export async function annotatorsOf(config: Config): Promise<AnnotatorLibrary> {
  return await AnnotatorLibrary.open({
    bundled: embeddedAnnotators,
    pulled: pulledAnnotators(config),
    catalog: modelCatalog,
  });
}
