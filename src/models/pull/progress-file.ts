import { readFile, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/** What a part of a file belongs to: without it nothing can be added to the part. */
export interface PartState {
  readonly sha256: string | null;
  readonly bytes: number;
  /** Strong ETag of the server that sent the bytes. */
  readonly etag: string | null;
}

const schema = z.object({ sha256: z.string().nullable(), bytes: z.number(), etag: z.string().nullable() });

const none: PartState = { sha256: null, bytes: -1, etag: null };

export async function readProgress(file: string): Promise<PartState> {
  const text = await readFile(file, 'utf8').catch(() => 'null');
  try {
    return schema.safeParse(JSON.parse(text)).data ?? none;
  } catch {
    return none;
  }
}

export async function writeProgress(file: string, state: PartState): Promise<void> {
  // Anew each time: the file may have a second name, in a backup made of hard links.
  await rm(file, { force: true });
  await writeFile(file, JSON.stringify(state), { flag: 'wx' });
}
