import { resolve } from 'node:path';
import { isObject } from '../../generation/request/field-names.ts';
import { controlPictureList, controlPictures } from '../../generation/request/controls.ts';
import { generationPictures } from '../../generation/request/drawn-over.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * The request with the names of its files absolute, relative to `folder` as they are. `"image": "photo.png"` of a control is short
 * for a file, and so are `"mask": "left.png"` and `"init_image": "photo.png"`; files are known in the fields that say a picture only.
 */
export function locateFiles(item: Json, folder: string): Json {
  return changeImages(item, (image) => {
    if (typeof image === 'string') return { file: resolve(folder, image) };
    return changeFiles(image, (file) => ({ file: resolve(folder, file) }));
  });
}

function changeImages(item: Json, change: (image: unknown) => unknown): Json {
  const own = { ...item, ...changeFields(item, generationPictures, change) };
  const controls: unknown = item['controls'];
  if (!Array.isArray(controls)) return own;
  const changed = controls.map((control: unknown): unknown =>
    isObject(control)
      ? { ...control, ...changeFields(control, controlPictures, change), ...changeList(control, change) }
      : control,
  );
  return { ...own, controls: changed };
}

function changeFields(of: Json, pictures: readonly string[], change: (image: unknown) => unknown): Json {
  return Object.fromEntries(pictures.filter((name) => name in of).map((name) => [name, change(of[name])]));
}

/** The same in the field that says several. */
function changeList(control: Json, change: (image: unknown) => unknown): Json {
  const pictures = control[controlPictureList];
  return Array.isArray(pictures) ? { [controlPictureList]: pictures.map((picture: unknown) => change(picture)) } : {};
}

/** The image with others in place of its file, or of the files of its picture and its mask. */
function changeFiles(image: unknown, change: (file: string) => Json): unknown {
  if (isFile(image)) return change(image.file);
  if (!isObject(image) || !('picture' in image)) return image;
  const { picture, mask, ...rest } = image;
  return {
    ...rest,
    picture: changeFiles(picture, change),
    ...(mask === undefined ? {} : { mask: changeFiles(mask, change) }),
  };
}

/** The files that a request names, each once. */
export function filesOf(item: Json): readonly string[] {
  const files = new Set<string>();
  replaceFiles(item, (file) => {
    files.add(file);
    return {};
  });
  return [...files];
}

/** The request with what `replace` makes of each file in its place. */
export function replaceFiles(item: Json, replace: (file: string) => Json): Json {
  return changeImages(item, (image) => changeFiles(image, replace));
}

function isFile(value: unknown): value is { readonly file: string } {
  return isObject(value) && Object.keys(value).length === 1 && typeof value['file'] === 'string';
}
