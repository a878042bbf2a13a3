import { posix } from 'node:path';

const pictures = /\.(?:png|jpe?g|jfif|webp|gif|avif|tiff?|bmp|jxl|heic|heif)$/i;

/** Whether a file is meant to be a picture; what it is its bytes say. */
export function isPicture({ name }: { readonly name: string }): boolean {
  return pictures.test(name);
}

/** The folder that a file lies in; '' for the outermost. */
export function folderOf({ name }: { readonly name: string }): string {
  const folder = posix.dirname(name);
  return folder === '.' ? '' : folder;
}

/** A path without the ending of its file: `a/b` for `a/b.png`. */
export function stemOf(name: string): string {
  return name.slice(0, name.length - posix.extname(name).length);
}

/** A path in a folder of the set, '' being the outermost; null where it leads out of the set. */
export function pathIn(folder: string, path: string): string | null {
  const given = path.replaceAll('\\', '/').normalize('NFC');
  if (/^(?:\/|[a-z]:|[a-z][a-z0-9+.-]*:\/\/)/i.test(given)) return null;
  const joined = posix.normalize(posix.join(folder, given));
  return joined === '..' || joined.startsWith('../') ? null : joined;
}
