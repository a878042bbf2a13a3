import { basename, dirname } from 'node:path';
import { isPickle, isWeights } from './model-files.ts';

/** Ids of models: what stands in requests, in links and on the command line. */
export const modelIdPattern = /^[a-z0-9][a-z0-9._-]*$/;

/** The id of a folder or file without armature.json: its name in lower case, everything else as dashes. */
export function slug(name: string): string {
  const id = name
    .normalize('NFKD')
    .replaceAll(/\p{Mark}+/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|[._-]+$/g, '');
  return id === '' ? 'model' : id;
}

const genericName =
  /^(diffusion_pytorch_model|diffusion_model|pytorch_model|model|pytorch_lora_weights|adapter_model)(\.fp16)?$/;

/** The name that a model file goes by: its own without the extension, or its folder's where it has the name that every download has. */
export function fileModelName(path: string): string {
  const file = basename(path);
  const name = isWeights(file) || isPickle(file) ? file.slice(0, file.lastIndexOf('.')) : file;
  return genericName.test(name) ? basename(dirname(path)) : name;
}

/** The name that a model's folder goes by: its own, behind that of the folder around it where many downloads have one of that name. */
export function folderModelName(path: string): string {
  const name = basename(path);
  return name === 'image_encoder' ? `${basename(dirname(path))} ${name}` : name;
}

/** What a ControlNet inside a base model's folder is called after: `controlnet-canny` is `<base>-canny`. */
export function bundledId(base: string, path: string): string {
  const name = slug(fileModelName(path).replace(/^control_?net[-_]?/i, ''));
  return `${base}-${name === 'model' ? 'controlnet' : name}`;
}
