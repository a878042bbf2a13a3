import type { ProgressPort } from '../drawing/runner.ts';
import type { Progress } from '../generation/job.ts';
import type { Records } from '../records/records.ts';

/** Time between two writes of progress, of all jobs of a worker together, in milliseconds. */
const paceMs = 125;
/** Time between two writes of one job's progress, at least. */
const jobPaceMs = 250;

/**
 * The progress of the jobs of one worker. They share a pace, so that many jobs at once do not take the processor from the
 * device with writes that nobody can read so fast.
 */
export class ProgressReports {
  readonly #records: Records;
  #running = 0;

  constructor(records: Records) {
    this.#records = records;
  }

  start(job: { readonly id: string; readonly attempt: number }): ProgressReport {
    return new ProgressReport({
      onStart: () => (this.#running += 1),
      write: async (progress) => await this.#records.reportProgress(job.id, job.attempt, progress),
      intervalMs: () => Math.max(jobPaceMs, paceMs * this.#running),
      onStop: () => (this.#running -= 1),
    });
  }
}

interface Reporting {
  /** With the first that is to be reported. */
  readonly onStart: () => void;
  readonly write: (progress: Progress) => Promise<unknown>;
  readonly intervalMs: () => number;
  /** Once, where there was anything to report. */
  readonly onStop: () => void;
}

/** Writes one job's progress, one write at a time and at its pace. The newest value wins. */
class ProgressReport implements ProgressPort {
  readonly #reporting: Reporting;
  #next: Progress | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastWrite = Number.NEGATIVE_INFINITY;
  #running = false;

  constructor(reporting: Reporting) {
    this.#reporting = reporting;
  }

  report(progress: Progress): void {
    if (!this.#running) this.#reporting.onStart();
    this.#running = true;
    this.#next = progress;
    if (this.#timer !== null) return;
    const wait = Math.max(0, this.#lastWrite + this.#reporting.intervalMs() - performance.now());
    this.#timer = setTimeout(() => void this.#flush(), wait);
  }

  async end(progress: Progress): Promise<void> {
    this.stop();
    await this.#write(progress);
  }

  /** Ends it; what was not written yet is not written any more. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#next = null;
    if (this.#running) this.#reporting.onStop();
    this.#running = false;
  }

  async #flush(): Promise<void> {
    const progress = this.#next;
    this.#next = null;
    if (progress === null) return;
    this.#lastWrite = performance.now();
    await this.#write(progress);
    this.#timer = null;
    if (this.#next !== null) this.report(this.#next);
  }

  /** Progress is worth no failure: the job's end is what counts. */
  async #write(progress: Progress): Promise<void> {
    await this.#reporting.write(progress).catch(() => {});
  }
}
