import { setMaxListeners } from 'node:events';
import { ArmatureError } from '../../errors.ts';
import { type GivenPicture, type MaskFacts } from '../../generation/given-picture.ts';
import type { MaskChannel } from '../../generation/request/choices.ts';
import type { StoredPicture } from '../../generation/plan-references.ts';
import type { ControlImage } from '../../generation/request/control-image.ts';
import { deleteLoose } from '../../retention/leftovers.ts';
import { canonicalHash } from '../../json/canonical-hash.ts';
import { keepPictures, type Release, releasing } from './keep-pictures.ts';
import type { PictureTurns } from './picture-turns.ts';
import { checkPicture, isFetched, partsOf, refuseUnusedParts } from './pictures.ts';
import type { PictureSource } from './picture-source.ts';

/** What is known of a picture before it is fetched. A request is looked at with it, so that its faults show before that. */
const notFetched: GivenPicture = {
  stored: { key: '', sha256: '' },
  width: 1,
  height: 1,
  structure: null,
  map: null,
  pending: true,
};

/** A picture that is checked, and the path in the request that its errors name. */
interface Checked {
  readonly field: string;
  readonly picture: Promise<GivenPicture>;
}

/**
 * The pictures of a request or of a batch. Each is fetched, decoded, checked and stored once, however many items refer to
 * it, and its bytes are not kept.
 */
export class SharedPictures {
  readonly #source: PictureSource;
  readonly #turns: PictureTurns;
  readonly #checked = new Map<string, Checked>();
  readonly #looked = new Map<string, Promise<MaskFacts>>();
  readonly #parts = new Set<string>();
  readonly #releases: Release[] = [];
  /** Aborts when the request has come to nothing: whatever of it waits for its turn is not brought in any more. */
  readonly #ended = new AbortController();

  constructor(source: PictureSource, turns: PictureTurns) {
    this.#source = source;
    this.#turns = turns;
    // One for each picture that waits.
    setMaxListeners(0, this.#ended.signal);
  }

  /** As {@link check}, but nothing is fetched: a stranger's address is asked for nothing that would be refused anyway. */
  readonly checkNear = async (reference: ControlImage, field: string): Promise<GivenPicture> => {
    if (!isFetched(reference)) return await this.check(reference, field);
    if (!('picture' in reference)) return notFetched;
    await Promise.all([
      this.checkNear(reference.picture, `${field}.picture`),
      this.checkNear(reference.mask, `${field}.mask`),
    ]);
    return { ...notFetched, mask: notFetched.stored };
  };

  /** The picture that a reference at path `field` means, stored. */
  readonly check = async (reference: ControlImage, field: string): Promise<GivenPicture> => {
    for (const part of partsOf(reference)) this.#parts.add(part);
    const key = await canonicalHash(reference);
    const known = this.#checked.get(key) ?? { field, picture: this.#store(reference, field) };
    this.#checked.set(key, known);
    try {
      return await known.picture;
    } catch (error) {
      throw error instanceof ArmatureError && known.field !== field ? moved(error, known.field, field) : error;
    }
  };

  /** What the levels of a picture that was checked say; each is looked at once. */
  readonly look = async (picture: StoredPicture, channel: MaskChannel, field: string): Promise<MaskFacts> => {
    const key = `${channel} ${picture.key}`;
    const known = this.#looked.get(key) ?? this.#lookAt(picture, channel, field);
    this.#looked.set(key, known);
    return await known;
  };

  async #lookAt({ key }: StoredPicture, channel: MaskChannel, field: string): Promise<MaskFacts> {
    const { store, decoder, limits, holder } = this.#source;
    return await decoder.factsOfMask(await store.get(key), channel, { limits, tenant: holder, field });
  }

  /**
   * Runs `write`, which checks pictures and writes the items that use them; until it ends none of them is deleted. Where it fails
   * those that nothing else uses go.
   */
  async keptWhile<T>(write: () => Promise<T>): Promise<T> {
    const release: Release = async (written) => {
      if (!written) this.#ended.abort();
      await Promise.allSettled([...this.#checked.values()].map(async ({ picture }) => await picture));
      await Promise.all(this.#releases.map(async (one) => await one(written)));
      // What cannot be deleted now, the next sweep deletes.
      if (!written && this.#releases.length > 0) await deleteLoose(this.#source).catch(() => {});
    };
    return await releasing(release, write);
  }

  /** Refuses file parts that nothing referred to. */
  refuseUnused(): void {
    refuseUnusedParts(this.#source.files, this.#parts);
  }

  /** What comes from elsewhere waits for its turn, and its bytes count until it is stored. */
  async #store(reference: ControlImage, field: string): Promise<GivenPicture> {
    if (!isFetched(reference) && !('generation' in reference)) return await this.#bring(reference, field, this.#source);
    const { memory, holder } = this.#source;
    return await this.#turns.run(holder, this.#ended.signal, async () => {
      let held = 0;
      const add = (bytes: number): void => {
        memory.add(bytes);
        held += bytes;
      };
      try {
        return await this.#bring(reference, field, { ...this.#source, memory: { ...memory, add } });
      } finally {
        memory.giveBack(held);
      }
    });
  }

  async #bring(reference: ControlImage, field: string, source: PictureSource): Promise<GivenPicture> {
    const { objects, ...picture } = await checkPicture(reference, field, source);
    this.#releases.push(await keepPictures(source, source.tenant, [{ ...picture, objects }]));
    return picture;
  }
}

/** The same error where the picture of this item is. */
function moved(error: ArmatureError, from: string, to: string): ArmatureError {
  const { field = from, choices, retryAfter } = error;
  return new ArmatureError(error.code, error.message.replaceAll(from, to), {
    cause: error.cause,
    field: field.startsWith(from) ? to + field.slice(from.length) : field,
    ...(choices === undefined ? {} : { choices }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}
