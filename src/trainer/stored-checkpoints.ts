import { link, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { ArmatureError, hasCode } from '../errors.ts';
import { moveInto, syncFolder } from '../files/atomic-write.ts';
import { makeFolder } from '../files/make-folder.ts';
import type { Job } from '../generation/job.ts';
import type { StoredFile } from '../generation/made-model.ts';
import { checkpointPrefix } from '../store/keys.ts';
import type { ObjectStore } from '../store/store.ts';
import { putFile } from '../store/stored-files.ts';
import { writeObjectsToFile } from '../store/write-file.ts';
import { bestOf, filesOf, workFolder } from './training-files.ts';

/** What the store knows of a checkpoint: `step-<n>.json`, written last of all. */
interface StoredCheckpoint {
  readonly version: 1;
  readonly step: number;
  /** By their paths in the folder of the training. */
  readonly files: readonly StoredFile[];
}

export interface CheckpointParts {
  readonly store: ObjectStore;
  /** Notes how far the training can go on from; false where the job has moved on. */
  readonly note: (step: number) => Promise<boolean>;
  readonly onError: (error: unknown) => void;
}

/** Where checkpoints lie in the folder of a training. */
const checkpointsFolder = join(workFolder, 'checkpoints');

/**
 * The checkpoints of a training in the store, so that it goes on wherever another worker is: with each, all that lies in its folder but what can be made again. They are
 * brought there beside the training, the newest of those that came meanwhile; the last one stays until the next is whole.
 */
export class StoredCheckpoints {
  readonly #parts: CheckpointParts;
  readonly #prefix: string;
  readonly #folder: string;
  /** Links to checkpoints that are on their way: the training lets go of its own when it has another. */
  readonly #held: string;
  #next: number | null = null;
  #storing: Promise<void> | null = null;
  #known: ReadonlySet<string> = new Set();
  readonly #closing = new AbortController();

  /** `held` is a folder beside `folder`, which nobody else writes to. */
  constructor(parts: CheckpointParts, job: Pick<Job, 'tenant' | 'id'>, folder: string, held: string) {
    this.#parts = parts;
    this.#prefix = checkpointPrefix(job);
    this.#folder = folder;
    this.#held = held;
  }

  /**
   * Makes the folder that of the newest checkpoint, where it has none that is as new; gives its step, 0 where there is none. The checkpoint comes into its place last and at
   * once, so that one which is there is whole. Of a checkpoint whose objects are gone, as a worker that came too late may leave it, the one before is taken.
   */
  async restore(signal: AbortSignal): Promise<number> {
    await rm(this.#held, { recursive: true, force: true });
    const here = await this.#stepHere();
    for (const step of await this.#stepsStored()) {
      if (here >= step) break;
      try {
        await this.#bring(step, signal);
        return step;
      } catch (error) {
        if (!(error instanceof ArmatureError) || error.code !== 'not_found') throw error;
        this.#parts.onError(error);
      }
    }
    return here;
  }

  async #bring(step: number, signal: AbortSignal): Promise<void> {
    const { store } = this.#parts;
    const bytes = await store.get(`${this.#prefix}step-${step}.json`);
    const stored = JSON.parse(Buffer.from(bytes).toString('utf8')) as StoredCheckpoint;
    const draft = join(this.#held, 'draft');
    await rm(draft, { recursive: true, force: true });
    for (const { name, parts } of stored.files) {
      const path = join(draft, ...name.split('/'));
      await makeFolder(dirname(path));
      await writeObjectsToFile(store, parts, path, signal);
    }
    const own = join(checkpointsFolder, `step-${step}`);
    const older = await this.#namesHere();
    for (const { name } of stored.files) {
      const path = join(...name.split('/'));
      if (dirname(path) !== own) await moveInto(join(this.#folder, path), join(draft, path));
    }
    await syncFolder(join(draft, own));
    await moveInto(join(this.#folder, own), join(draft, own));
    for (const name of older) await rm(join(this.#folder, checkpointsFolder, name), { recursive: true, force: true });
    this.#known = keysOf(stored);
  }

  /** Holds on to the checkpoint of a step; it comes into the store when there is time for it. */
  async hold(step: number, folder: string): Promise<void> {
    const held = join(this.#held, `step-${step}`);
    await rm(held, { recursive: true, force: true });
    await mkdir(held, { recursive: true });
    for (const name of await readdir(folder)) await link(join(folder, name), join(held, name));
    const before = this.#next;
    this.#next = step;
    if (before !== null && before !== step)
      await rm(join(this.#held, `step-${before}`), { recursive: true, force: true });
    this.#storing ??= this.#storeAll();
  }

  /** Resolves when all that is held is in the store, or could not be brought there. */
  async stored(): Promise<void> {
    await this.#storing;
  }

  /** Ends what is on its way. */
  async close(): Promise<void> {
    this.#closing.abort(new ArmatureError('cancelled', 'The training has ended.'));
    await this.#storing;
    await rm(this.#held, { recursive: true, force: true });
  }

  async #storeAll(): Promise<void> {
    for (let step = this.#next; step !== null && !this.#closing.signal.aborted; step = this.#next) {
      this.#next = null;
      await this.#store(step).catch(this.#parts.onError);
    }
    this.#storing = null;
  }

  async #store(step: number): Promise<void> {
    const { store, note } = this.#parts;
    const { signal } = this.#closing;
    const held = join(this.#held, `step-${step}`);
    const own = `${checkpointsFolder.split(sep).join('/')}/step-${step}`;
    const found = [
      ...(await filesOf(held)).map((name) => [`${own}/${name}`, join(held, name)] as const),
      ...(await filesOf(this.#folder)).map((name) => [name, join(this.#folder, name)] as const),
      ...(await bestOf(this.#folder)).map((name) => [name, join(this.#folder, name)] as const),
    ];
    const files: StoredFile[] = [];
    for (const [name, path] of found)
      files.push(await putFile(store, path, name, { prefix: `${this.#prefix}files/`, known: this.#known }, signal));
    signal.throwIfAborted();
    const made: StoredCheckpoint = { version: 1, step, files };
    const key = `${this.#prefix}step-${step}.json`;
    await store.put(key, Buffer.from(JSON.stringify(made)), 'application/json');
    await rm(held, { recursive: true, force: true });
    // Whoever goes on with the job in our place has checkpoints of its own.
    if (!(await note(step))) return;
    const kept = keysOf(made);
    for await (const { key: other } of store.list(this.#prefix))
      if (other !== key && !kept.has(other)) await store.delete(other);
    this.#known = kept;
  }

  /** Of those that the store has, the newest first. */
  async #stepsStored(): Promise<readonly number[]> {
    const steps: number[] = [];
    for await (const { key } of this.#parts.store.list(this.#prefix)) {
      const step = /^step-(\d+)\.json$/.exec(key.slice(this.#prefix.length))?.[1];
      if (step !== undefined) steps.push(Number(step));
    }
    return steps.toSorted((a, b) => b - a);
  }

  /** Of the newest checkpoint that lies in the folder. */
  async #stepHere(): Promise<number> {
    const names = await this.#namesHere();
    return Math.max(0, ...names.map((name) => Number(/^step-(\d+)$/.exec(name)?.[1] ?? 0)));
  }

  async #namesHere(): Promise<readonly string[]> {
    return await readdir(join(this.#folder, checkpointsFolder)).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    });
  }
}

function keysOf({ files }: StoredCheckpoint): ReadonlySet<string> {
  return new Set(files.flatMap(({ parts }) => parts.map(({ key }) => key)));
}
