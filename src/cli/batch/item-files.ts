import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openRegularFile } from '../../files/regular-file.ts';
import { newFileDraft, notWritten, writeNew } from '../files/output-files.ts';
import { noAnswer, requestServer } from '../client/server-client.ts';
import type { DrawnJob } from './drawn-job.ts';
import type { DoneFile } from './journal.ts';
import { patiently } from './patience.ts';
import type { BatchItem } from './read-items.ts';
import type { BatchRun } from './batch-run.ts';

/** The files of the output folder. What lies there is never replaced, whoever put it there: a picture gets another name. */
export class ItemFiles {
  readonly #run: BatchRun;
  /** Names of the files of items, and of all that lay in the folder, as {@link folded} makes them. */
  readonly #items: Set<string>;
  readonly #found: ReadonlySet<string>;

  private constructor(run: BatchRun, items: ReadonlySet<string>, found: readonly string[]) {
    this.#run = run;
    this.#items = new Set([...items].map(folded));
    this.#found = new Set(found.map(folded));
  }

  /** `taken` are names that belong to items already. The folder has to be locked: drafts of runs that were killed go. */
  static async open(run: BatchRun, taken: ReadonlySet<string>): Promise<ItemFiles> {
    const { folder } = run;
    try {
      const names = await readdir(folder);
      for (const name of names.filter((one) => newFileDraft.test(one))) await rm(join(folder, name), { force: true });
      return new ItemFiles(run, taken, names);
    } catch (cause) {
      throw notWritten(folder, cause);
    }
  }

  /** Writes the pictures of an item that has succeeded, and notes that it is done. */
  async fetch({ key, stem }: BatchItem, { id, outputs }: DrawnJob): Promise<void> {
    const files: DoneFile[] = [];
    for (const [index, { content_type: type }] of outputs.entries()) {
      const bytes = await this.#download(`/v1/generations/${id}/outputs/${index}`);
      const suffix = outputs.length === 1 ? '' : `-${index + 1}`;
      files.push({ name: await this.#write(stem, `${suffix}.${extensions[type]}`, bytes), bytes: bytes.length });
    }
    await this.#run.journal.noteDone(key, files);
  }

  async #download(path: string): Promise<Uint8Array> {
    const { server, signal, onWait } = this.#run;
    return await patiently(signal, onWait, async () => {
      const response = await requestServer(server, { method: 'GET', path, headers: { accept: 'image/*' }, signal });
      const bytes = await response.arrayBuffer().catch((cause: unknown) => {
        throw noAnswer(server.server, cause);
      });
      return new Uint8Array(bytes);
    });
  }

  /**
   * Writes a picture under the first name that nothing has, and returns that. A file that holds the very same bytes already is
   * left as it is and taken for the picture: a run that was killed wrote it and could not note it any more.
   */
  async #write(stem: string, ending: string, bytes: Uint8Array): Promise<string> {
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? `${stem}${ending}` : `${stem}~${number}${ending}`;
      if (this.#items.has(folded(name))) continue;
      const file = join(this.#run.folder, name);
      const there = await holds(file, bytes);
      if (!there && (this.#found.has(folded(name)) || !(await writeNew(file, bytes)))) continue;
      this.#items.add(folded(name));
      return name;
    }
  }
}

/** Endings by the content types that a server gives. */
const extensions = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' } as const;

/** Whether an ordinary file of that name, not a link, holds these bytes. */
async function holds(file: string, bytes: Uint8Array): Promise<boolean> {
  const found = await lstat(file).catch(() => null);
  if (found === null || !found.isFile() || found.size !== bytes.length) return false;
  const handle = await openRegularFile(file).catch(() => null);
  if (handle === null) return false;
  try {
    return Buffer.compare(await handle.readFile(), bytes) === 0;
  } finally {
    await handle.close();
  }
}

/** Names that are equal for a file system which tells neither case nor the spelling of accents apart. */
function folded(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}
