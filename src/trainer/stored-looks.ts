import type { ShownPicture, TrainingLook } from '../generation/training-look.ts';
import type { Job } from '../generation/job.ts';
import type { StoredFile } from '../generation/made-model.ts';
import { lookPrefix } from '../store/keys.ts';
import type { ObjectStore } from '../store/store.ts';
import { putFile } from '../store/stored-files.ts';
import type { PicturesEvent, TrainingEvent } from '../training/contract/training-event.ts';

export interface LookParts {
  readonly store: Pick<ObjectStore, 'put'>;
  readonly note: (look: TrainingLook) => Promise<unknown>;
  /** Told of pictures that could not be stored: the training goes on without them. */
  readonly onError: (error: unknown) => void;
}

/** Looks of which pictures are kept, evenly over a training, and beside these the first and the last. */
const shownLooks = 50;

/** Brings what a training shows on its way to where others see it: its figures, and pictures into the store. */
export class StoredLooks {
  readonly #parts: LookParts;
  readonly #prefix: string;
  /** Steps from one look to the next. */
  readonly #every: number;
  #steps = 0;
  #pictures: PicturesEvent | null = null;
  #losses: { readonly sum: number; readonly count: number } = { sum: 0, count: 0 };
  /** Keys of what this process has put: maps, and what is drawn without the model, are always the same. */
  readonly #known = new Set<string>();

  constructor(parts: LookParts, job: Pick<Job, 'tenant' | 'id'>, every: number) {
    this.#parts = parts;
    this.#prefix = lookPrefix(job);
    this.#every = every;
  }

  /** The figures of a look come after its pictures. Throws what records throw, and the reason of `signal`. */
  async after(event: TrainingEvent, signal: AbortSignal): Promise<void> {
    if (event.type === 'begun') this.#steps = event.steps;
    if (event.type === 'progress') this.#losses = { sum: this.#losses.sum + event.loss, count: this.#losses.count + 1 };
    if (event.type === 'pictures') this.#pictures = event;
    if (event.type !== 'fidelity') return;
    const { type: _, ...figures } = event;
    const shown = this.#pictures?.step === figures.step ? this.#pictures : null;
    const pictures = shown === null || !this.#isShown(figures.step) ? [] : await this.#stored(shown, signal);
    const { sum, count } = this.#losses;
    await this.#parts.note({
      figures,
      trainingLoss: count === 0 ? null : sum / count,
      channels: shown?.channels ?? { with: null, without: null },
      pictures,
    });
    this.#losses = { sum: 0, count: 0 };
  }

  #isShown(step: number): boolean {
    const apart = Math.ceil(this.#steps / this.#every / shownLooks);
    return step === this.#steps || (step / this.#every) % Math.max(1, apart) === 0;
  }

  async #stored(shown: PicturesEvent, signal: AbortSignal): Promise<readonly ShownPicture[]> {
    try {
      return await this.#store(shown, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#parts.onError(error);
      return [];
    }
  }

  async #store({ pictures }: PicturesEvent, signal: AbortSignal): Promise<readonly ShownPicture[]> {
    const put = async (path: string): Promise<StoredFile> => {
      const place = { prefix: this.#prefix, known: this.#known };
      const file = await putFile(this.#parts.store, path, 'picture.png', place, signal);
      for (const { key } of file.parts) this.#known.add(key);
      return file;
    };
    const stored: ShownPicture[] = [];
    for (const { prompt, seed, map, picture, without } of pictures) {
      stored.push({
        prompt,
        seed,
        map: map === null ? null : await put(map),
        picture: await put(picture),
        without: await put(without),
      });
    }
    return stored;
  }
}
