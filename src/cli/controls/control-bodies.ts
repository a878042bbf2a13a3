import { ArmatureError, systemReason } from '../../errors.ts';
import { openRegularFile, reasonOf, SpecialFile } from '../../files/regular-file.ts';
import { readJsonNow } from '../../json/read-json.ts';
import type { ControlArgument } from './control-options.ts';
import { FileFault } from '../terminal/exit-codes.ts';

/**
 * Controls as a request says them: {"file": ...} for a picture, the contents of the file for structure as data; with a mask beside
 * it, both.
 */
export async function controlBodies(
  controls: readonly ControlArgument[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return await Promise.all(
    controls.map(async ({ type, structure, file, mask, more, fields, options }) => {
      const picture = structure === null ? { file } : { [structure]: await readJson(file) };
      const image = mask === null ? picture : { picture, mask: { file: mask } };
      const shown = more.length === 0 ? { image } : { images: [image, ...more.map((one) => ({ file: one }))] };
      const preprocess = Object.keys(options).length === 0 ? {} : { preprocess: options };
      return { type, ...shown, ...preprocess, ...fields };
    }),
  );
}

async function readJson(file: string): Promise<unknown> {
  try {
    const handle = await openRegularFile(file);
    try {
      return readJsonNow(await handle.readFile(), { subject: `${file} to be a JSON file` });
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof ArmatureError) throw new FileFault(cause.code, cause.message, { cause });
    const other = cause instanceof SpecialFile ? reasonOf(cause) : 'it cannot be read as JSON';
    const reason = systemReason(cause) ?? other;
    throw new FileFault('invalid_request', `Expected ${file} to be a JSON file but ${reason}.`, { cause });
  }
}
