import { Worker } from 'node:worker_threads';

export interface FromHash {
  readonly sha256: string;
  /** Of the file that was read; null where it changed meanwhile. */
  readonly stamp: string | null;
}

/** Reads a file whole in a thread of its own. Rejects with what kept it from that. */
export async function hashInThread(path: string): Promise<FromHash> {
  const worker = new Worker(entry(), { workerData: { path }, execArgv: [] });
  // A process that ends does not wait for it.
  worker.unref();
  return await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`The thread that read a model's file ended: ${code}`)));
  });
}

/** Node starts no thread from TypeScript: where the sources themselves run, it is the built one. */
function entry(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/models/hashes/' : './';
  return new URL(`${built}hash-main.js`, import.meta.url);
}
