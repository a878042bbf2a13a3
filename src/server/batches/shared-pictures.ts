import { ArmatureError } from '../../errors.ts';
import type { GivenPicture } from '../../generation/given-picture.ts';
import type { ControlImage } from '../../generation/request.ts';
import { canonicalHash } from '../canonical-hash.ts';
import { keepPictures, type Release, releasing } from '../keep-pictures.ts';
import { checkPicture, partsOf, type PictureSource, refuseUnusedParts } from '../pictures.ts';

/** The path that a picture is checked under; each item then puts its own in its place. */
const placeholder = 'image';

/**
 * The pictures of a batch. Each is fetched, decoded, checked and stored once, however many items refer to it, and its bytes
 * are not kept.
 */
export class SharedPictures {
  readonly #source: PictureSource;
  readonly #checked = new Map<string, Promise<GivenPicture>>();
  readonly #parts = new Set<string>();
  readonly #releases: Release[] = [];

  constructor(source: PictureSource) {
    this.#source = source;
  }

  async check(reference: ControlImage, field: string): Promise<GivenPicture> {
    for (const part of partsOf(reference)) this.#parts.add(part);
    const key = await canonicalHash(reference);
    const checked = this.#checked.get(key) ?? this.#store(reference);
    this.#checked.set(key, checked);
    try {
      return await checked;
    } catch (error) {
      throw error instanceof ArmatureError ? moved(error, field) : error;
    }
  }

  /** Runs `write`, which checks pictures and writes the items that use them; until it ends none of them is deleted. */
  async keptWhile<T>(write: () => Promise<T>): Promise<T> {
    const release: Release = async (written) => {
      await Promise.allSettled(this.#checked.values());
      await Promise.all(this.#releases.map(async (one) => await one(written)));
    };
    return await releasing(release, write);
  }

  /** Refuses file parts that nothing referred to. */
  refuseUnused(): void {
    refuseUnusedParts(this.#source.files, this.#parts);
  }

  async #store(reference: ControlImage): Promise<GivenPicture> {
    const { objects, ...picture } = await checkPicture(reference, placeholder, this.#source);
    this.#releases.push(await keepPictures(this.#source, this.#source.tenant, [{ ...picture, objects }]));
    return picture;
  }
}

/** The same error where the picture of this item is. */
function moved(error: ArmatureError, field: string): ArmatureError {
  const own = (text: string): string => text.replace(/\bimage(?=\.|\b)/, field);
  return new ArmatureError(error.code, error.message, {
    cause: error.cause,
    field: own(error.field ?? placeholder),
    ...(error.choices === undefined ? {} : { choices: error.choices }),
  });
}
