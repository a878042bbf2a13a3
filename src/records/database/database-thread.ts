import { Worker } from 'node:worker_threads';
import { ArmatureError } from '../../errors.ts';
import { errorOf, type FromDatabase, type ToDatabase } from './embedded-protocol.ts';
// The type keeps the entry among the files of whoever compiles this one.
import type { DatabasePlace } from './embedded-thread.ts';

type Answer = Exclude<FromDatabase, { type: 'failed' | 'notification' }>;

interface Asked {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** What one statement gave. */
export interface StatementResult {
  readonly rows: unknown[];
  readonly affectedRows: number;
}

/**
 * The handle of the embedded database's thread, which answers in the order of asking. It keeps the process alive only while
 * an answer is awaited.
 */
export class DatabaseThread {
  readonly #worker: Worker;
  readonly #onNotification: (channel: string, payload: string) => void;
  readonly #asked: Asked[] = [];
  #lost: ArmatureError | null = null;
  #closed = false;

  private constructor(
    worker: Worker,
    onNotification: (channel: string, payload: string) => void,
    abandoned: AbortSignal | undefined,
  ) {
    this.#worker = worker;
    this.#onNotification = onNotification;
    abandoned?.addEventListener('abort', () => this.#abandon(), { once: true });
    worker.on('message', (message: FromDatabase) => this.#receive(message));
    worker.on('error', (error) => this.#lose(error));
    worker.on('exit', (code) => this.#lose(new Error(`exit code ${code}`)));
  }

  /**
   * Starts the thread and opens the database in a folder. Rejects with what kept it; the thread has ended then. `abandoned` ends it
   * wherever it is, as the death of the process would: what is awaited rejects with `cancelled`.
   */
  static async open(
    folder: string,
    onNotification: (channel: string, payload: string) => void,
    abandoned?: AbortSignal,
  ): Promise<DatabaseThread> {
    if (abandoned?.aborted === true) throw givenUp();
    const workerData: DatabasePlace = { folder };
    const worker = new Worker(entry(), { workerData, execArgv: [] });
    const thread = new DatabaseThread(worker, onNotification, abandoned);
    try {
      await thread.#next();
    } catch (error) {
      await thread.#end();
      throw error;
    }
    return thread;
  }

  /** Runs a statement, or without parameters a text of several, whose last one's rows are returned. */
  async run(text: string, parameters: readonly unknown[]): Promise<StatementResult> {
    const answer = await this.#ask({ type: 'run', text, parameters });
    return answer.type === 'done' ? answer : { rows: [], affectedRows: 0 };
  }

  /** Closes the database and ends the thread. */
  async close(): Promise<void> {
    try {
      await this.#ask({ type: 'close' });
    } finally {
      await this.#end();
    }
  }

  async #ask(message: ToDatabase): Promise<Answer> {
    if (this.#lost !== null) throw this.#lost;
    // A thread, not a window: there is no origin to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#worker.postMessage(message);
    return await this.#next();
  }

  async #next(): Promise<Answer> {
    this.#worker.ref();
    return await new Promise((resolve, reject) => this.#asked.push({ resolve, reject }));
  }

  #receive(message: FromDatabase): void {
    // What it still answers nobody gets: they are told when it has ended.
    if (this.#closed) return;
    if (message.type === 'notification') {
      this.#onNotification(message.channel, message.payload);
      return;
    }
    const asked = this.#asked.shift();
    if (this.#asked.length === 0) this.#worker.unref();
    if (message.type === 'failed') asked?.reject(errorOf(message.error));
    else asked?.resolve(message);
  }

  /** The thread is gone, whatever ended it: nobody is left to wait for it. */
  #lose(cause: unknown): void {
    if (this.#closed) return;
    const detail = 'The embedded database has stopped. Nothing that was accepted is lost: restart the server.';
    this.#rejectAll(new ArmatureError('unavailable', detail, { cause }));
  }

  /** Whoever awaits an answer lets the folder go when there is none: not before the thread has let it go. */
  #abandon(): void {
    this.#lost ??= givenUp();
    void this.#end().finally(() => this.#rejectAll(givenUp()));
  }

  #rejectAll(error: ArmatureError): void {
    this.#lost ??= error;
    for (const { reject } of this.#asked.splice(0)) reject(this.#lost);
  }

  async #end(): Promise<void> {
    this.#closed = true;
    await this.#worker.terminate();
  }
}

function givenUp(): ArmatureError {
  return new ArmatureError('cancelled', 'The opening of the embedded database was given up.');
}

/** Node starts no thread from TypeScript: where the sources themselves run, it is the built one. */
function entry(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/records/database/' : './';
  return new URL(`${built}embedded-thread.js`, import.meta.url);
}
