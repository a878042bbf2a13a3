import { basename } from 'node:path';

/** Extensions of files that hold weights as a pickle. */
const pickles = /\.(?:ckpt|pt|pth|bin|pkl|pickle)$/i;
const weights = /\.safetensors$/i;
/** Files that say something of a model, or hold it. */
const telling = /\.(?:safetensors|json|txt|ya?ml)$/i;

export function isWeights(path: string): boolean {
  return weights.test(path);
}

/** Whether a file's name says that it is a pickle: such a file is never opened. */
export function isPickle(path: string): boolean {
  return pickles.test(path);
}

/** Whether a file of this name can change what is known of a model. */
export function isTelling(path: string): boolean {
  return telling.test(path) || isPickle(path);
}

/** The name of a model's file without its extension. */
export function modelFileStem(path: string): string {
  return basename(path).replace(telling, '').replace(pickles, '');
}

/** Why a pickle is not used, and the way out. */
export function pickleReason(name: string): string {
  return (
    `${name} is a pickle, which can run code when it is read: it is never opened. Bring the .safetensors version of this ` +
    'model, or convert it where you trust it (docs/models.md says how).'
  );
}
