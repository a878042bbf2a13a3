import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { openRegularFile } from '../../files/regular-file.ts';
import type { FromHash } from './hash-thread.ts';
import { stampOf } from './stamp.ts';

/* The thread that reads one file whole, gives its SHA-256 and ends: at a gigabyte a second it would hold up whoever did it between other things. */

const { path } = workerData as { readonly path: string };

const handle = await openRegularFile(path);
const before = stampOf(await handle.stat({ bigint: true }));
const hash = createHash('sha256');
const piece = Buffer.alloc(2 ** 20);
for (;;) {
  const { bytesRead } = await handle.read(piece, 0, piece.length);
  if (bytesRead === 0) break;
  hash.update(piece.subarray(0, bytesRead));
}
const answer: FromHash = {
  sha256: hash.digest('hex'),
  // What was written while it was read is known by no hash.
  stamp: before === stampOf(await handle.stat({ bigint: true })) ? before : null,
};
await handle.close();
// A thread, not a window: there is no origin to name.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort!.postMessage(answer);
