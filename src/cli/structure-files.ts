import { readFile } from 'node:fs/promises';
import { ArmatureError } from '../errors.ts';
import type { ControlArgument } from './control-options.ts';

/**
 * The images of controls as a request says them: the part of the control's own number for a picture, the contents of the
 * file for structure as data; with a mask beside it, both.
 */
export async function controlImages(
  controls: readonly ControlArgument[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return await Promise.all(
    controls.map(async ({ structure, file, mask }, index) => {
      const picture = structure === null ? { part: String(index) } : { [structure]: await readJson(file) };
      return mask === null ? picture : { picture, mask: { part: `${index}-mask` } };
    }),
  );
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const reason = missing ? 'there is no such file' : 'it cannot be read as JSON';
    throw new ArmatureError('invalid_request', `Expected ${file} to be a JSON file but ${reason}.`, { cause });
  }
}
