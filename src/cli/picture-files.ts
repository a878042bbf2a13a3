import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ArmatureError } from '../errors.ts';
import type { StoredPicture } from '../generation/plan.ts';

/** Files that the command line named, read once and kept under the names by which a plan refers to them. */
export class PictureFiles {
  readonly #bytes = new Map<string, Uint8Array>();

  /** Reads a file. `invalid_image` where it cannot be read; what is in it is not looked at. */
  async add(file: string): Promise<StoredPicture> {
    const bytes = await readFile(file).catch((cause: unknown) => {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
      const reason = code === 'ENOENT' ? 'there is no such file' : code;
      throw new ArmatureError('invalid_image', `The picture ${file} cannot be read: ${reason}.`, { cause });
    });
    this.#bytes.set(file, bytes);
    return { key: file, sha256: createHash('sha256').update(bytes).digest('hex') };
  }

  async get(key: string): Promise<Uint8Array> {
    const bytes = this.#bytes.get(key);
    if (bytes === undefined) throw new ArmatureError('not_found', `The picture ${key} was not read.`);
    return bytes;
  }
}
