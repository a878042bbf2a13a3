import { annotatorKind } from './annotator.ts';
import { baseKind } from './base.ts';
import { controlNetKind } from './controlnet.ts';
import { loraKind } from './lora.ts';

/** Every kind of model, in the order in which they are listed. A new one is one file and one row here. */
export const modelKinds = Object.freeze({
  base: baseKind,
  controlnet: controlNetKind,
  lora: loraKind,
  annotator: annotatorKind,
});

/** Of the kinds that are pulled into folders of their own: those folders, and how files of theirs end. */
export const pulledFolders = Object.values(modelKinds).flatMap(({ pulledInto }) => pulledInto ?? []);

/** The folder of its own into which a model of these files is pulled; null where it lies among the others. */
export function folderOfFiles(paths: readonly string[]): string | null {
  return pulledFolders.find(({ extension }) => paths.some((path) => path.endsWith(extension)))?.folder ?? null;
}
