import { Worker } from 'node:worker_threads';
import type { Candidate } from './candidates.ts';
import type { FolderKind } from './known-configs.ts';

export interface ScanPlace {
  readonly folders: readonly string[];
  readonly kinds: readonly FolderKind[];
}

/** What was found; null where it is what was found the last time. */
export interface FromScan {
  readonly found: readonly Candidate[] | null;
}

interface Asked {
  readonly resolve: (found: readonly Candidate[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The handle of a thread that looks at model folders, started by the first look and again where it was lost. It keeps the process alive only while
 * an answer is awaited.
 */
export class ScanThread {
  readonly #place: ScanPlace;
  readonly #asked: Asked[] = [];
  #worker: Worker | null = null;
  #found: readonly Candidate[] = [];

  constructor(folders: readonly string[], kinds: readonly FolderKind[]) {
    this.#place = { folders, kinds };
  }

  /** As {@link FolderScan.scan}, without holding up the thread that asks. */
  async scan(): Promise<readonly Candidate[]> {
    const worker = (this.#worker ??= this.#start());
    worker.ref();
    return await new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      // A thread, not a window: there is no origin to name.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      worker.postMessage(null);
    });
  }

  /** Ends the thread at once: what was asked and not answered fails. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(entry(), { workerData: this.#place, execArgv: [] });
    worker.on('message', ({ found }: FromScan) => {
      this.#found = found ?? this.#found;
      const asked = this.#asked.shift();
      if (this.#asked.length === 0) worker.unref();
      asked?.resolve(this.#found);
    });
    worker.on('error', (error) => this.#lose(worker, error));
    worker.on('exit', (code) => this.#lose(worker, new Error(`The thread that looks at model folders ended: ${code}`)));
    return worker;
  }

  #lose(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of this.#asked.splice(0)) reject(error);
  }
}

/** Node starts no thread from TypeScript: where the sources themselves run, it is the built one. */
function entry(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/models/scan/' : './';
  return new URL(`${built}scan-main.js`, import.meta.url);
}
