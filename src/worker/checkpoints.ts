import type { CheckpointPort, DrawingState } from '../drawing/checkpoint-port.ts';
import type { Job } from '../generation/job.ts';
import type { Records } from '../records/records.ts';
import { checkpointKey } from '../store/keys.ts';
import type { ObjectStore } from '../store/store.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-file.ts';
import { jobFacts } from './job-facts.ts';
import type { WorkerLog } from './parts.ts';

interface CheckpointParts {
  /** Milliseconds of drawing between two checkpoints; null: none are made. */
  readonly checkpointEveryMs: number | null;
  readonly records: Pick<Records, 'faults'>;
  readonly store: ObjectStore;
  readonly log: WorkerLog;
}

/**
 * The checkpoints of one attempt at a job: reads the one that an earlier attempt left, and keeps the newest of its own. They
 * save time and are worth no failure: what cannot be stored or read is logged and gone without.
 */
export class Checkpoints implements CheckpointPort {
  readonly #parts: CheckpointParts;
  readonly #job: Job;
  readonly everyMs: number | null;
  #next: DrawingState | null = null;
  #writing: Promise<void> | null = null;
  /** Attempt whose checkpoint is to go when there is a newer one. */
  #former: number | null;

  constructor(parts: CheckpointParts, job: Job) {
    this.#parts = parts;
    this.#job = job;
    // Where attempts are lost faster than checkpoints come, none gets further than the one before: each fault halves the time.
    const { checkpointEveryMs } = parts;
    this.everyMs = checkpointEveryMs === null ? null : checkpointEveryMs / 2 ** Math.min(job.strikes + job.losses, 5);
    this.#former = job.checkpoint?.attempt ?? null;
  }

  /** Where the drawing goes on; null where it starts from the beginning. */
  async load(): Promise<DrawingState | null> {
    const { store, log } = this.#parts;
    const { checkpoint, storedPlan } = this.#job;
    if (checkpoint === null) return null;
    const facts = { ...jobFacts(this.#job), checkpoint };
    try {
      const state = decodeCheckpoint(await store.get(this.#keyOf(checkpoint.attempt)), storedPlan);
      log.info(facts, `goes on from step ${checkpoint.step}`);
      return state;
    } catch (error) {
      log.warn({ ...facts, err: error }, 'the checkpoint cannot be used: the drawing starts from the beginning');
      return null;
    }
  }

  /** Stores a state, one at a time; of those that come meanwhile only the newest. */
  save(state: DrawingState): void {
    this.#next = state;
    this.#writing ??= this.#write();
  }

  /** Resolves when all that was to be saved is. */
  async saved(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let state = this.#next; state !== null; state = this.#next) {
      this.#next = null;
      await this.#store(state).catch((error: unknown) => {
        const facts = { ...jobFacts(this.#job), err: error };
        this.#parts.log.warn(facts, 'a checkpoint was not stored');
      });
    }
    this.#writing = null;
  }

  async #store(state: DrawingState): Promise<void> {
    const { store, records } = this.#parts;
    const { id, attempt, storedPlan } = this.#job;
    const key = this.#keyOf(attempt);
    await store.put(key, encodeCheckpoint(state, storedPlan), 'application/octet-stream');
    const isOurs = await records.faults.noteCheckpoint(id, attempt, { attempt, step: state.step });
    if (!isOurs) await store.delete(key);
    else if (this.#former !== null) {
      await store.delete(this.#keyOf(this.#former));
      this.#former = null;
    }
  }

  #keyOf(attempt: number): string {
    return checkpointKey({ ...this.#job, attempt });
  }
}
