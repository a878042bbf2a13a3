import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { filesOf, replaceFiles } from '../files/request-files.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { requestJson, type ServerAddress } from '../client/server-client.ts';

type Json = Readonly<Record<string, unknown>>;

const uploadSchema = z.object({ id: z.string() });

/**
 * The picture files that items name. Items are told apart by what is in them, and each is sent to the server once, when the
 * first item that needs it is sent.
 */
export class LocalPictures {
  readonly #hashes = new Map<string, Promise<string>>();
  readonly #uploads = new Map<string, Promise<string>>();

  /** Why a file cannot be read; null where it can. */
  async problem(file: string): Promise<string | null> {
    // As items name it: it is read once.
    const path = resolve(file);
    return await this.#hash(path).then(
      () => null,
      (error: unknown) => {
        if (error instanceof ArmatureError) return error.message;
        throw error;
      },
    );
  }

  /** The item with the SHA-256 of its pictures in place of their names. */
  async withHashes(item: Json): Promise<Json> {
    return await this.#replaceFiles(item, async (file) => ({ sha256: await this.#hash(file) }));
  }

  /** The item with uploads in place of its files. */
  async withUploads(item: Json, server: ServerAddress): Promise<Json> {
    return await this.#replaceFiles(item, async (file) => {
      const hash = await this.#hash(file);
      const upload = this.#uploads.get(hash) ?? sendPicture(server, file);
      this.#uploads.set(hash, upload);
      // One that failed may be tried again.
      upload.catch(() => this.#uploads.delete(hash));
      return { upload_id: await upload };
    });
  }

  async #replaceFiles(item: Json, replace: (file: string) => Promise<Json>): Promise<Json> {
    const made = new Map(await Promise.all(filesOf(item).map(async (file) => [file, await replace(file)] as const)));
    return replaceFiles(item, (file) => made.get(file) ?? {});
  }

  #hash(file: string): Promise<string> {
    const known = this.#hashes.get(file) ?? readPicture(file).then(sha256);
    this.#hashes.set(file, known);
    return known;
  }
}

async function readPicture(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return await readRegularFile(file, 'The picture');
}

async function sendPicture(server: ServerAddress, file: string): Promise<string> {
  const answer = await requestJson(server, {
    method: 'POST',
    path: '/v1/uploads',
    headers: { 'content-type': 'application/octet-stream' },
    body: await readPicture(file),
  }).catch((error: unknown) => {
    if (!(error instanceof ArmatureError) || error.status >= 500) throw error;
    const { code, message, retryAfter } = error;
    throw new ArmatureError(code, `${file}: ${message}`, {
      cause: error,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  });
  return uploadSchema.parse(answer).id;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
