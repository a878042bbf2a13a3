import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { hasCode } from '../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { trainedKinds } from '../generation/kinds/training/trained/trained.ts';
import type { StoredFile } from '../generation/made-model.ts';
import type { TrainingKind } from '../generation/request/training.ts';
import type { OwnedFolder } from '../models/owned-folder.ts';
import type { Records } from '../records/records.ts';
import type { ModelOwner, TrainedModel } from '../records/trainings/trainings.ts';
import type { ObjectStore } from '../store/store.ts';
import { writeObjectsToFile } from '../store/write-file.ts';

export interface TrainedModelsParts {
  readonly records: Pick<Records, 'trainings'>;
  readonly store: ObjectStore;
  /** The library looks into it, and nobody else writes to it. */
  readonly folder: string;
  /** On the same disk, for what is not whole yet. */
  readonly drafts: string;
  readonly log: { warn(facts: object, message: string): void };
}

/** Milliseconds after which a model that did not come is tried again: the library is looked at each second. */
const restMs = 30_000;

/**
 * The models that were trained anywhere, as files of this machine: each is brought here from the store once records know of it, and goes once they do not. Who sees it,
 * records say.
 */
export class TrainedModels implements OwnedFolder {
  readonly #parts: TrainedModelsParts;
  #models: ReadonlyMap<string, ModelOwner> = new Map();
  readonly #coming = new Map<string, Promise<void>>();
  /** When those that did not come are tried again. */
  readonly #resting = new Map<string, number>();
  readonly #closing = new AbortController();

  constructor(parts: TrainedModelsParts) {
    this.#parts = parts;
  }

  /** Asks records what there is, and begins to bring what is new. Where they are away, what was known last holds. */
  async refresh(): Promise<void> {
    const { records, folder, log } = this.#parts;
    try {
      this.#models = new Map((await records.trainings.owners()).map((model) => [model.id, model]));
      const here = await namesIn(folder);
      for (const id of this.#models.keys()) if (!here.has(id)) this.#bring(id);
      for (const id of here) if (!this.#models.has(id)) await rm(join(folder, id), { recursive: true, force: true });
    } catch (err) {
      log.warn({ err }, 'what was trained elsewhere is not known now');
    }
  }

  get state(): string {
    return `of tenants: ${[...this.#models.values()].map(({ id, published }) => `${id} ${published}`).join()}`;
  }

  ownerOf(path: string): string | null | undefined {
    const below = relative(this.#parts.folder, path);
    if (below.startsWith('..')) return null;
    const model = this.#models.get(below.split(sep)[0] ?? '');
    if (model === undefined) return undefined;
    return model.published ? null : model.tenant;
  }

  async coming(tenant: string): Promise<boolean> {
    const models = [...this.#coming].filter(([id]) => {
      const model = this.#models.get(id);
      return model?.published === true || model?.tenant === tenant;
    });
    await Promise.all(models.map(async ([, whole]) => await whole));
    return models.length > 0;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#coming.values());
  }

  #bring(id: string): void {
    if (this.#coming.has(id) || this.#closing.signal.aborted) return;
    if (performance.now() < (this.#resting.get(id) ?? 0)) return;
    const work = this.#bringWhole(id)
      .catch((err: unknown) => {
        this.#resting.set(id, performance.now() + restMs);
        if (!this.#closing.signal.aborted) this.#parts.log.warn({ err, model: id }, 'a trained model did not come');
      })
      .finally(() => this.#coming.delete(id));
    this.#coming.set(id, work);
  }

  async #bringWhole(id: string): Promise<void> {
    const { records, store, folder, drafts } = this.#parts;
    const model = await records.trainings.find(id);
    if (model === null) return;
    const draft = join(drafts, randomUUID());
    try {
      for (const { name, parts } of drawnWith(model)) {
        const path = join(draft, ...name.split('/'));
        await makeFolder(dirname(path));
        await writeObjectsToFile(store, parts, path, this.#closing.signal);
      }
      await makeFolder(folder);
      await rename(draft, join(folder, id)).catch((error: unknown) => {
        // Another process on the same data was quicker.
        if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
}

/** Of the files of a model those that pictures are drawn with; the others are for other programs. */
function drawnWith({ id, kind, files }: TrainedModel): readonly StoredFile[] {
  const { isDrawnWith } = trainedKinds[kind as TrainingKind];
  return files.filter(({ name }) => isDrawnWith(name, id));
}

async function namesIn(folder: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(folder));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return new Set();
    throw error;
  }
}
