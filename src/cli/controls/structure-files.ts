import { ArmatureError, systemReason } from '../../errors.ts';
import { openRegularFile, reasonOf, SpecialFile } from '../../files/regular-file.ts';
import { readJsonNow } from '../../json/read-json.ts';
import type { ControlArgument } from './control-options.ts';
import { FileFault } from '../terminal/exit-codes.ts';

/** The pictures of a control as a request says them. */
export interface ControlPictures {
  readonly image: Readonly<Record<string, unknown>>;
  readonly mask?: Readonly<Record<string, unknown>>;
}

/**
 * The pictures of controls as a request says them: the part of the control's own number for a picture, the contents of the
 * file for structure as data; with a mask beside it, both. The mask of its region is a part too.
 */
export async function controlPictures(controls: readonly ControlArgument[]): Promise<readonly ControlPictures[]> {
  return await Promise.all(
    controls.map(async ({ structure, file, mask, region }, index) => {
      const picture = structure === null ? { part: String(index) } : { [structure]: await readJson(file) };
      const image = mask === null ? picture : { picture, mask: { part: `${index}-mask` } };
      return region === null ? { image } : { image, mask: { part: `${index}-region` } };
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
