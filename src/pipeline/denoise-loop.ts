import { stepTogether } from './batched-step.ts';
import type { NetworkSource } from './networks.ts';
import { batchKey, isFinished, rowsOf, type Sample } from './sample.ts';

/** What one tick did. `stepped` are the samples that moved; those of them that are finished have left the loop. */
export interface Tick {
  readonly stepped: readonly Sample[];
  readonly rows: number;
}

/** A step that failed: the samples that took part have left the loop, all others go on. */
export class StepError extends Error {
  readonly samples: readonly Sample[];

  constructor(samples: readonly Sample[], cause: unknown) {
    super('A batched step failed', { cause });
    this.name = 'StepError';
    this.samples = samples;
  }
}

/** How large a batched step may be. */
export interface BatchLimits {
  readonly maxRows: number;
  /** Bytes that the rows of a step may work in together. */
  readonly workingMemory: number;
}

/**
 * Step-level continuous batching: owns a set of samples and takes, in every tick, those one step further that fit
 * together and into the limits. Samples join and leave between ticks. The group that has waited longest goes first, and
 * within it the samples that have, so that no request waits for another to end.
 */
export class DenoiseLoop {
  readonly #networks: NetworkSource;
  readonly #limits: BatchLimits;
  /** In the order in which they were last stepped, longest ago first. */
  #waiting: Sample[] = [];

  constructor(networks: NetworkSource, limits: BatchLimits) {
    this.#networks = networks;
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.length;
  }

  join(samples: readonly Sample[]): void {
    this.#waiting.push(...samples);
  }

  leave(samples: Iterable<Sample>): void {
    const leaving = new Set(samples);
    this.#waiting = this.#waiting.filter((sample) => !leaving.has(sample));
  }

  /** One batched step. Throws StepError where a network failed. */
  async tick(): Promise<Tick> {
    const group = this.#nextGroup();
    this.leave(group);
    try {
      await stepTogether(group, this.#networks);
    } catch (error) {
      if (group.length === 1) throw new StepError(group, error);
      return await this.#tickAlone(group, error);
    }
    this.#waiting.push(...group.filter((sample) => !isFinished(sample)));
    return { stepped: group, rows: countRows(group) };
  }

  /** After a batch failed: its first sample alone, so that one sample's failure, or too large a batch, ends no other. */
  async #tickAlone(group: readonly Sample[], error: unknown): Promise<Tick> {
    const [first, ...others] = group;
    if (first === undefined) throw new StepError(group, error);
    this.#waiting.unshift(...others);
    try {
      await stepTogether([first], this.#networks);
    } catch (cause) {
      throw new StepError([first], cause);
    }
    if (!isFinished(first)) this.#waiting.push(first);
    return { stepped: [first], rows: rowsOf(first) };
  }

  /** Rows that a step of samples like this one may have. One sample always goes, however large it is. */
  #maxRows(sample: Sample): number {
    const [, height, width] = sample.shape;
    const rowBytes = this.#networks.base(sample.base).rowBytes(height, width);
    return Math.min(this.#limits.maxRows, Math.floor(this.#limits.workingMemory / rowBytes));
  }

  #nextGroup(): Sample[] {
    const first = this.#waiting[0];
    if (first === undefined) return [];
    const key = batchKey(first);
    const maxRows = this.#maxRows(first);
    const group: Sample[] = [];
    let rows = 0;
    for (const sample of this.#waiting) {
      if (batchKey(sample) !== key) continue;
      if (group.length > 0 && rows + rowsOf(sample) > maxRows) break;
      rows += rowsOf(sample);
      group.push(sample);
    }
    return group;
  }
}

function countRows(samples: readonly Sample[]): number {
  return samples.reduce((rows, sample) => rows + rowsOf(sample), 0);
}
