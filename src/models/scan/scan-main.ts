import { parentPort, workerData } from 'node:worker_threads';
import { FolderScan } from './folder-scan.ts';
import type { FromScan, ScanPlace } from './scan-thread.ts';

/*
 * The thread that looks at model folders: thousands of questions to the file system, each waited for, hold up nobody here. It imports little, so that it is there
 * in an instant, and so it is told which kinds of models there are.
 */
const { folders, kinds } = workerData as ScanPlace;
const look = new FolderScan(folders, kinds);
let last: unknown = null;

async function answer(): Promise<void> {
  const found = await look.scan();
  // What has not changed is not copied again.
  const message: FromScan = { found: found === last ? null : found };
  last = found;
  // A thread, not a window: there is no origin to name.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort!.postMessage(message);
}

parentPort!.on('message', () => void answer());
