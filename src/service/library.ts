import { opendir } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import {
  findingsFile,
  hashesFile,
  modelFolders,
  pulledAnnotators,
  trainedFolder,
  typesFile,
} from '../config/model-folders.ts';
import { embeddedAnnotators, modelCatalog } from '../config/package-files.ts';
import { conditionIds } from '../conditions/registry.ts';
import { ArmatureError, systemReason } from '../errors.ts';
import { AnnotatorLibrary } from '../models/annotators/annotators.ts';
import { Inspector } from '../models/inspector.ts';
import { folderKinds } from '../models/kinds/kinds.ts';
import { type ModelLibrary, openLibrary } from '../models/library.ts';
import { ScanThread } from '../models/scan/scan-thread.ts';
import { findBase } from '../generation/models/base.ts';

/**
 * The models of all folders. `invalid_config` for a folder that was named and isn't there, or can't be read: it would be
 * missed in silence. With `trained` those of what was trained here too: whoever opens it says whose these are. Told to give up while it looks at them, it ends that at
 * once with `cancelled`, and keeps nothing of it.
 */
export async function libraryOf(
  config: Config,
  { giveUp, trained = false }: { readonly giveUp?: AbortSignal; readonly trained?: boolean } = {},
): Promise<ModelLibrary> {
  const folders = [...modelFolders(config), ...(trained ? [trainedFolder(config)] : [])];
  const thread = new ScanThread(folders, folderKinds);
  const inspector = new Inspector();
  const open = async (): Promise<ModelLibrary> => {
    for (const folder of config.models) await requireFolder(folder);
    return await openLibrary(folders, {
      scan: async () => await thread.scan(),
      typesFile: typesFile(config),
      findingsFile: findingsFile(config),
      hashesFile: hashesFile(config),
      conditions: conditionIds,
      inspect: async (...asked) => await inspector.inspect(...asked),
    });
  };
  if (giveUp === undefined) return await open();
  let onAbort = (): void => {};
  const givenUp = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new ArmatureError('cancelled', 'Looking at the models was given up.'));
  });
  giveUp.addEventListener('abort', onAbort, { once: true });
  if (giveUp.aborted) onAbort();
  try {
    return await Promise.race([open(), givenUp]);
  } catch (error) {
    inspector.close();
    await thread.close();
    throw error;
  } finally {
    giveUp.removeEventListener('abort', onAbort);
  }
}

/**
 * Makes sure that the model of requests that name none is there and can be used: else every one of them would be refused by a
 * server that said it was ready. `model_invalid` with the reason: the service fails, whatever is wrong with the model.
 */
export async function requireDefaultModel(library: ModelLibrary, { model }: Pick<Config, 'model'>): Promise<void> {
  try {
    await library.find(findBase, model);
  } catch (error) {
    if (!(error instanceof ArmatureError)) throw error;
    const detail = `Expected a base model for --model (ARMATURE_MODEL): ${error.message}`;
    throw new ArmatureError('model_invalid', detail, {
      field: 'model',
      cause: error,
      ...(error.choices === undefined ? {} : { choices: error.choices }),
    });
  }
}

async function requireFolder(folder: string): Promise<void> {
  try {
    await (await opendir(folder)).close();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const found = folderFaults[code] ?? `cannot be read: ${systemReason(cause) ?? String(cause)}`;
    const detail = `Expected a folder for --models (ARMATURE_MODELS) but ${folder} ${found}.`;
    throw new ArmatureError('invalid_config', detail, { field: 'models', cause });
  }
}

const folderFaults: Readonly<Record<string, string>> = { ENOENT: 'is not there', ENOTDIR: 'is a file' };

/** The networks of the extractors: those of the package, and pulled ones of all folders. */
export async function annotatorsOf(config: Config): Promise<AnnotatorLibrary> {
  return await AnnotatorLibrary.open({
    bundled: embeddedAnnotators,
    pulled: pulledAnnotators(config),
    catalog: modelCatalog,
  });
}
