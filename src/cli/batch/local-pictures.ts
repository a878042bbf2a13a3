import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { isObject } from '../../generation/field-names.ts';
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
    return await replaceFiles(item, async (file) => ({ sha256: await this.#hash(file) }));
  }

  /** The item with uploads in place of its files. */
  async withUploads(item: Json, server: ServerAddress): Promise<Json> {
    return await replaceFiles(item, async (file) => {
      const hash = await this.#hash(file);
      const upload = this.#uploads.get(hash) ?? sendPicture(server, file);
      this.#uploads.set(hash, upload);
      // One that failed may be tried again.
      upload.catch(() => this.#uploads.delete(hash));
      return { upload_id: await upload };
    });
  }

  #hash(file: string): Promise<string> {
    const known = this.#hashes.get(file) ?? readPicture(file).then(sha256);
    this.#hashes.set(file, known);
    return known;
  }
}

/**
 * The item with the names of its files absolute, relative to `folder` as they are. `"image": "photo.png"` of a control is short
 * for a file, and so is `"mask": "left.png"`; files are known in these two fields of controls only.
 */
export function locateFiles(item: Json, folder: string): Json {
  return changeImages(item, (image) => {
    if (typeof image === 'string') return { file: resolve(folder, image) };
    return changeFiles(image, (file) => ({ file: resolve(folder, file) }));
  });
}

function changeImages(item: Json, change: (image: unknown) => unknown): Json {
  const controls: unknown = item['controls'];
  if (!Array.isArray(controls)) return item;
  const changed = controls.map((control: unknown): unknown =>
    isObject(control) ? { ...control, ...changeFields(control, change) } : control,
  );
  return { ...item, controls: changed };
}

function changeFields(control: Json, change: (image: unknown) => unknown): Json {
  const fields = ['image', 'mask'].filter((name) => name in control);
  return Object.fromEntries(fields.map((name) => [name, change(control[name])]));
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

function filesOf(item: Json): readonly string[] {
  const files = new Set<string>();
  changeImages(item, (image) =>
    changeFiles(image, (file) => {
      files.add(file);
      return {};
    }),
  );
  return [...files];
}

/** The item with what `replace` makes of each file in its place. */
async function replaceFiles(item: Json, replace: (file: string) => Promise<Json>): Promise<Json> {
  const made = new Map(await Promise.all(filesOf(item).map(async (file) => [file, await replace(file)] as const)));
  return changeImages(item, (image) => changeFiles(image, (file) => made.get(file) ?? {}));
}

function isFile(value: unknown): value is { readonly file: string } {
  return isObject(value) && Object.keys(value).length === 1 && typeof value['file'] === 'string';
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
