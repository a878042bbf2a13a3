import type { Readable } from 'node:stream';

/** What comes next of a body: bytes, its end, an end of the connection before that, or that somebody wants to stop. */
export type NextOfBody = Buffer | 'end' | 'broken' | 'stopped';

/** Reads a body piece by piece, for as long as it may take: nothing is read ahead of what is asked for but what the stream itself holds. */
export class BodyReader {
  readonly #body: Readable;
  readonly #stop: AbortSignal;
  readonly #gone: AbortSignal;
  #wake = (): void => {};

  /** `stop` ends it at once; `gone`, which aborts when nobody is left at the other end, after what is here already. */
  constructor(body: Readable, { stop, gone }: { readonly stop: AbortSignal; readonly gone: AbortSignal }) {
    this.#body = body;
    this.#stop = stop;
    this.#gone = gone;
    for (const event of changes) body.on(event, this.#changed);
    for (const signal of [stop, gone]) signal.addEventListener('abort', this.#changed);
  }

  async next(): Promise<NextOfBody> {
    for (;;) {
      if (this.#stop.aborted) return 'stopped';
      const chunk = this.#body.read() as Buffer | null;
      if (chunk !== null) return chunk;
      if (this.#body.readableEnded) return 'end';
      if (this.#body.destroyed || this.#gone.aborted) return 'broken';
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** What is left is passed over, up to so many bytes, so that the connection lives long enough for an answer; then it is cut. */
  close(passOver: number): void {
    for (const event of changes) this.#body.off(event, this.#changed);
    for (const signal of [this.#stop, this.#gone]) signal.removeEventListener('abort', this.#changed);
    if (this.#body.readableEnded || this.#body.destroyed) return;
    let left = passOver;
    this.#body.on('error', () => {});
    this.#body.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) this.#body.destroy();
    });
    this.#body.resume();
  }

  readonly #changed = (): void => this.#wake();
}

const changes = ['readable', 'end', 'close', 'error', 'aborted'] as const;
