import type { Progress } from '../generation/job.ts';
import type { Records } from '../records/records.ts';

/**
 * Writes progress at most once in `intervalMs` and never two writes at a time, so that a fast denoise loop cannot flood
 * the records. The newest value wins.
 */
export class ProgressReport {
  readonly #write: (progress: Progress) => Promise<unknown>;
  readonly #intervalMs: number;
  #next: Progress | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastWrite = Number.NEGATIVE_INFINITY;

  constructor(records: Records, job: { readonly id: string; readonly attempt: number }, intervalMs = 250) {
    this.#write = async (progress) => await records.reportProgress(job.id, job.attempt, progress);
    this.#intervalMs = intervalMs;
  }

  report(progress: Progress): void {
    this.#next = progress;
    if (this.#timer !== null) return;
    const wait = Math.max(0, this.#lastWrite + this.#intervalMs - performance.now());
    this.#timer = setTimeout(() => void this.#flush(), wait);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#next = null;
  }

  async #flush(): Promise<void> {
    const progress = this.#next;
    this.#next = null;
    if (progress === null) return;
    this.#lastWrite = performance.now();
    // Progress is worth no failure: the job's end is what counts.
    await this.#write(progress).catch(() => {});
    this.#timer = null;
    if (this.#next !== null) this.report(this.#next);
  }
}
