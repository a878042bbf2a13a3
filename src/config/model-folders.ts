import { join } from 'node:path';
import type { Config } from './config.ts';
import { embeddedModels } from './package-files.ts';

/** Folders with models, the first to win where two hold the same id: those that were named, DATA/models, the embedded. */
export function modelFolders(config: Pick<Config, 'models' | 'data'>): readonly string[] {
  return [...pullFolders(config), embeddedModels];
}

/** Those of them into which models are pulled. */
export function pullFolders({ models, data }: Pick<Config, 'models' | 'data'>): readonly string[] {
  return [...models, join(data, 'models')];
}

/** Folders with the annotator networks that were pulled, as folders of their own; the first to have one wins. */
export function pulledAnnotators(config: Pick<Config, 'models' | 'data'>): readonly string[] {
  return pullFolders(config).map((folder) => join(folder, 'annotators'));
}

/** File of types that this installation gave to ControlNets. */
export function typesFile(config: Pick<Config, 'data'>): string {
  return join(config.data, 'armature.json');
}

/** File that keeps the SHA-256 of files of models that somebody asked for. It may be deleted at any time. */
export function hashesFile(config: Pick<Config, 'data'>): string {
  return join(config.data, 'file-hashes');
}

/** File that keeps what was found about models, for the next process. It may be deleted at any time. */
export function findingsFile(config: Pick<Config, 'data'>): string {
  return join(config.data, 'found-models');
}

/** Folder of the models that were trained anywhere, as a service keeps them on this machine: copies of what the store has. */
export function trainedFolder(config: Pick<Config, 'data'>): string {
  return join(config.data, 'trained');
}

/** Folder in which a worker trains. */
export function trainingsFolder(config: Pick<Config, 'data'>): string {
  return join(config.data, 'trainings');
}

/** Folder in which copies of models that were trained are made, on the disk of {@link trainedFolder}. */
export function trainedDrafts(config: Pick<Config, 'data'>): string {
  return join(trainingsFolder(config), 'drafts');
}
