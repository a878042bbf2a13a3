import { type AnyModel, type ModelKindId, modelKindIds, type ModelTypes } from '../../generation/models/kinds.ts';
import type { FolderKind } from '../scan/known-configs.ts';
import { adapterKind } from './adapter/kind.ts';
import { annotatorKind } from './annotator/kind.ts';
import { baseKind } from './base/kind.ts';
import type { AnyFoundKind, FoundKind, ModelKind } from './contract/kind.ts';
import { controlNetKind } from './controlnet/kind.ts';
import { embeddingKind } from './embedding/kind.ts';
import { imageEncoderKind } from './image-encoder/kind.ts';
import { ipAdapterKind } from './ip-adapter/kind.ts';
import { loraKind } from './lora/kind.ts';
import { taesdKind } from './taesd/kind.ts';
import { vaeKind } from './vae/kind.ts';
import { upscalerKind } from './upscaler/kind.ts';

/** Every kind of model, in the order in which they are listed. A new one is one folder and one row here. */
export const modelKinds = Object.freeze({
  base: baseKind,
  controlnet: controlNetKind,
  lora: loraKind,
  adapter: adapterKind,
  'ip-adapter': ipAdapterKind,
  'image-encoder': imageEncoderKind,
  embedding: embeddingKind,
  vae: vaeKind,
  taesd: taesdKind,
  upscaler: upscalerKind,
  annotator: annotatorKind,
}) satisfies { readonly [Kind in ModelKindId]: FoundKind<ModelTypes[Kind]> } & Readonly<
  Record<string, ModelKind<never>>
>;

/** Those whose models are found in the folders, in the order in which a file is tried for each. */
export const foundKinds: readonly AnyFoundKind[] = modelKindIds.map((id) => kindNamed(id));

/** Those of which folders are models, by their config.json, in the order in which one is tried for each. */
export const folderKinds: readonly FolderKind[] = modelKindIds.flatMap((id) => {
  const { folder } = kindNamed(id);
  return folder === undefined ? [] : [{ id, config: folder }];
});

/** The row of a kind, as what goes over all kinds takes it. */
export function kindNamed(id: ModelKindId): AnyFoundKind {
  // It is handed models of its own only, and those of `ModelTypes` are: each row was compiled with its type above.
  return modelKinds[id] as unknown as AnyFoundKind;
}

/** The row of the kind that a model is of. */
export function kindOf(model: AnyModel): AnyFoundKind {
  return kindNamed(model.kind);
}

/** Of the kinds that are pulled into folders of their own: those folders, and how files of theirs end. */
export const pulledFolders = Object.values(modelKinds).flatMap(({ pulledInto }: ModelKind<never>) => pulledInto ?? []);

/** The folder of its own into which a model of these files is pulled; null where it lies among the others. */
export function folderOfFiles(paths: readonly string[]): string | null {
  return pulledFolders.find(({ extension }) => paths.some((path) => path.endsWith(extension)))?.folder ?? null;
}
