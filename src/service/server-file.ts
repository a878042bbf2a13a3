import { randomUUID } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processStart } from '../records/data-folder/process-identity.ts';

/**
 * Writes down in a data folder that this process serves it, so that commands find the server; closing takes it back. A folder
 * that is not there or takes no files goes without: servers with another database and a bucket need none.
 */
export async function announceServer(data: string, address: string): Promise<{ close(): Promise<void> }> {
  const file = fileIn(data);
  const draft = `${file}.${randomUUID()}`;
  const started = processStart(process.pid) ?? 'unknown';
  const content = `${JSON.stringify({ address, pid: process.pid, started, host: hostname() })}\n`;
  try {
    await writeFile(draft, content, { flag: 'wx' });
    await rename(draft, file);
  } catch {
    await rm(draft, { force: true }).catch(() => {});
  }
  return {
    async close() {
      // Another server of the same folder may have written its own since.
      const last = await readFile(file, 'utf8').catch(() => null);
      if (last === content) await rm(file, { force: true });
    },
  };
}

/** Address of the server that runs on a data folder and on this machine; null where there is none, or it was killed. */
export function runningServer(data: string): string | null {
  try {
    const file = fileIn(data);
    if (!lstatSync(file).isFile()) return null;
    const { address, pid, started, host } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    if (host !== hostname() || typeof pid !== 'number' || pid < 1) return null;
    if (typeof address !== 'string' || !/^https?:$/.test(new URL(address).protocol)) return null;
    // The pid of a process that has ended is given to another in time.
    return processStart(pid) === started ? address : null;
  } catch {
    return null;
  }
}

function fileIn(data: string): string {
  return join(data, 'server.json');
}
