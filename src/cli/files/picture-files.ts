import { createHash } from 'node:crypto';
import { ArmatureError } from '../../errors.ts';
import type { MaskChannel } from '../../generation/request/choices.ts';
import type { StoredPicture } from '../../generation/plan-references.ts';
import { type GivenPicture, type MaskFacts, withMask } from '../../generation/given-picture.ts';
import type { ControlImage } from '../../generation/request/control-image.ts';
import type { PictureReference } from '../../generation/request/pictures.ts';
import { verifyPicture } from '../../images/decode.ts';
import { decodeHere } from '../../images/decoder/decoder.ts';
import { replaceFiles } from './request-files.ts';
import { readRegularFile } from './regular-file.ts';

/** What the command line named, read once and kept under the names by which a plan refers to it. */
export class PictureFiles {
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #parts = new Map<string, string>();

  /** A request with a part for each of its files, as a form would bring them. */
  asParts(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return replaceFiles(body, (file) => {
      const part = String(this.#parts.size);
      this.#parts.set(part, file);
      return { part };
    });
  }

  /** Reads what a reference of such a request means. */
  async check(reference: ControlImage): Promise<GivenPicture> {
    if ('structure' in reference) return this.addStructure(reference.structure.kind, reference.structure.data);
    if ('picture' in reference) return await this.add(this.#file(reference.picture), this.#file(reference.mask));
    return await this.add(this.#file(reference));
  }

  /** What the levels of a picture that was read say. */
  async look({ key }: StoredPicture, channel: MaskChannel, field: string): Promise<MaskFacts> {
    return await decodeHere.factsOfMask(await this.get(key), channel, { field });
  }

  #file(reference: PictureReference): string {
    const file = 'part' in reference ? this.#parts.get(reference.part) : undefined;
    if (file === undefined) throw new RangeError(`No file stands for ${JSON.stringify(reference)}`);
    return file;
  }

  /**
   * Reads a picture, and if named the mask beside it. `invalid_image` where one cannot be read or is none, `invalid_request`
   * where their sizes differ.
   */
  async add(file: string, mask: string | null = null): Promise<GivenPicture> {
    const picture = await this.#read(file);
    return mask === null ? picture : withMask(picture, await this.#read(mask), mask);
  }

  async #read(file: string): Promise<GivenPicture> {
    const bytes = await readRegularFile(file, 'The picture');
    const { width, height } = await verifyPicture(bytes, undefined, { field: file });
    return { ...this.#keep(file, bytes), width, height, structure: null, map: null };
  }

  /** Keeps structure that was given as data. */
  addStructure(structure: string, data: unknown): GivenPicture {
    const bytes = new TextEncoder().encode(JSON.stringify(data));
    return { ...this.#keep(`${structure} ${this.#bytes.size}`, bytes), width: 0, height: 0, structure, map: null };
  }

  async get(key: string): Promise<Uint8Array> {
    const bytes = this.#bytes.get(key);
    if (bytes === undefined) throw new ArmatureError('not_found', `The picture ${key} was not read.`);
    return bytes;
  }

  #keep(key: string, bytes: Uint8Array): Pick<GivenPicture, 'stored'> {
    this.#bytes.set(key, bytes);
    return { stored: { key, sha256: createHash('sha256').update(bytes).digest('hex') } };
  }
}
