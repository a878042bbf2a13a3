import type { Preview, PreviewChannel } from '../../records/previews/previews.ts';

/** The newest preview of each picture of a job that one client has not been shown yet. */
export class WatchedPreviews {
  readonly #channel: PreviewChannel;
  readonly #job: string;
  /** By output and candidate. */
  readonly #waiting = new Map<string, Preview>();

  constructor(channel: PreviewChannel, job: string) {
    this.#channel = channel;
    this.#job = job;
  }

  /** Calls back whenever there is something to take; gives how to stop that. */
  readonly start = (wake: () => void): (() => void) =>
    this.#channel.watch(this.#job, (preview) => {
      this.#waiting.set(`${preview.output}/${preview.candidate}`, preview);
      wake();
    });

  take(): readonly Preview[] {
    const previews = [...this.#waiting.values()];
    this.#waiting.clear();
    return previews;
  }
}
