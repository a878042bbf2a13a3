import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../errors.ts';
import { idPrefixes } from '../generation/lanes.ts';
import type { Records } from '../records/records.ts';

/** Milliseconds from one look at what trainings have left to the next. */
const interval = 600_000;

/** Milliseconds after which a copy of a model that is not whole belongs to no process that still writes. */
const draftAge = 24 * 3_600_000;

/** Job ids that are looked up at once. */
const page = 500;

export interface ScratchParts {
  readonly records: { readonly retention: Pick<Records['retention'], 'knownJobs'> };
  /** Has a folder for each training that this machine works on. */
  readonly folder: string;
  /** Where copies of models are made. */
  readonly drafts: string;
  readonly log: { warn(facts: object, message: string): void };
}

/**
 * Deletes what this machine has of trainings that have ended, wherever they did: they may have been cancelled or have failed, have gone to another machine, or the worker was
 * killed. Begins at once, and looks again and again.
 */
export function startScratchSweep(parts: ScratchParts): { close(): Promise<void> } {
  const closing = new AbortController();
  let running: Promise<void> | null = null;
  const sweep = async (): Promise<void> => {
    try {
      await sweepScratch(parts, closing.signal);
    } catch (err) {
      parts.log.warn({ err }, 'what trainings have left is still there');
    }
  };
  const run = (): void => {
    running ??= sweep().finally(() => {
      running = null;
    });
  };
  const timer = setInterval(run, interval);
  timer.unref();
  run();
  return {
    async close() {
      clearInterval(timer);
      closing.abort();
      await running;
    },
  };
}

/** Returns the names of the folders that it deleted. What is not named like a training is not touched. */
export async function sweepScratch(
  { records, folder, drafts }: ScratchParts,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const deleted: string[] = [];
  const ids = (await namesIn(folder)).filter((name) => name.startsWith(idPrefixes.long));
  for (let start = 0; start < ids.length; start += page) {
    const some = ids.slice(start, start + page);
    const jobs = await records.retention.knownJobs(some);
    for (const id of some) {
      if (signal.aborted) return deleted;
      if (jobs.get(id)?.ended === false) continue;
      await rm(join(folder, id), { recursive: true, force: true });
      deleted.push(id);
    }
  }
  for (const name of await namesIn(drafts)) {
    if (signal.aborted) return deleted;
    const { mtimeMs } = await stat(join(drafts, name)).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs < draftAge) continue;
    await rm(join(drafts, name), { recursive: true, force: true });
    deleted.push(name);
  }
  return deleted;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
