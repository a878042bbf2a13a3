import { type PassThrough, Readable } from 'node:stream';
import { ArmatureError } from '../../errors.ts';
import type { Job } from '../../generation/job.ts';
import type { Records } from '../../records/records.ts';
import type { ObjectStore } from '../../store/store.ts';
import type { Links } from '../http/links.ts';
import { extensionOf } from '../jobs/job-files.ts';
import { itemsOf } from './find-batch.ts';
import { resultLines } from './result-lines.ts';

/** Pictures are compressed already. */
const stored = { compress: false } as const;

/**
 * A zip archive of all pictures that a batch has so far, named by their items, and of `manifest.jsonl` with the lines of its
 * results. It is made while it is read: one file at a time is open, and nothing is kept but names.
 */
export async function resultArchive(records: Records, store: ObjectStore, id: string, links: Links): Promise<Readable> {
  const { ZipFile } = await import('yazl');
  const archive = new ZipFile();
  const output = archive.outputStream as PassThrough;
  let open: Readable | null = null;
  archive.on('error', (error: Error) => output.destroy(error));
  // Whoever reads it may go away in the middle of a file.
  output.once('close', () => open?.destroy());
  for await (const item of itemsOf(records, id, 'succeeded')) {
    const { outputs } = item.result!;
    for (const [number, { key, bytes, contentType }] of outputs.entries()) {
      const name = fileName(item, number, outputs.length, contentType);
      archive.addReadStreamLazy(name, { ...stored, size: bytes }, (done) => {
        open = Readable.from(bytesOf(store, key));
        done(null, open);
      });
    }
  }
  archive.addReadStreamLazy('manifest.jsonl', (done) => done(null, Readable.from(resultLines(records, id, links))));
  archive.end();
  return output;
}

/** An object that is opened when its first byte is asked for. What was deleted by then ends the archive with an error. */
async function* bytesOf(store: ObjectStore, key: string): AsyncGenerator<Uint8Array> {
  yield* await store.read(key);
}

/** `00017.png`, or `00017-2.png` for the second of several pictures. */
function fileName(item: Job, output: number, outputs: number, contentType: string): string {
  if (item.batch === null) throw new ArmatureError('internal', 'Only items of a batch have file names.');
  const extension = extensionOf(contentType);
  const number = String(item.batch.index).padStart(5, '0');
  return outputs === 1 ? `${number}.${extension}` : `${number}-${output + 1}.${extension}`;
}
