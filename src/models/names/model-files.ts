import { basename } from 'node:path';

/** Extensions of files that hold weights as a pickle. */
const pickles = /\.(?:ckpt|pt|pth|bin|pkl|pickle)$/i;
const weights = /\.safetensors$/i;
/** Files that say something of a model, or hold it. */
const telling = /\.(?:safetensors|json|txt|ya?ml)$/i;

const pictures = /\.(?:png|jpe?g|webp)$/i;
/** How the pictures that show what a model draws are called beside it, behind its own name; the first that is there counts. */
const previewEndings = ['.preview', ''].flatMap((middle) =>
  ['.png', '.jpg', '.jpeg', '.webp'].map((end) => middle + end),
);

/** Whether a file's name says that it is a picture of a kind that is shown as a preview. */
export function isPicture(name: string): boolean {
  return pictures.test(name);
}

/** The picture of a model that goes by `stem`, among paths of pictures by their names in lower case. */
export function previewOf(stem: string, beside: ReadonlyMap<string, string>): string | undefined {
  if (beside.size === 0) return undefined;
  const ending = previewEndings.find((end) => beside.has(`${stem}${end}`.toLowerCase()));
  return ending === undefined ? undefined : beside.get(`${stem}${ending}`.toLowerCase());
}

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
