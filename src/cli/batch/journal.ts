import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ArmatureError, hasCode, systemReason } from '../../errors.ts';
import { writeAtomically } from '../../files/atomic-write.ts';
import { openRegularFile, SpecialFile } from '../../files/regular-file.ts';
import { notWritten } from '../files/output-files.ts';

/** Name of the journal in an output folder. */
export const journalName = 'armature-batch.jsonl';

const fileSchema = z.object({ name: z.string(), bytes: z.number() });

/** One line: what was about to be sent, what became of it, and what lies in the folder. */
const entrySchema = z.union([
  z.object({ sending: z.string(), query: z.string(), items: z.array(z.string()) }),
  z.object({ sent: z.string(), batch: z.string() }),
  z.object({ done: z.string(), files: z.array(fileSchema) }),
]);

type Entry = z.output<typeof entrySchema>;
export type DoneFile = z.output<typeof fileSchema>;

/** How every journal begins. */
const beginning = '{"sending":';

/** Items that went to the server together, under an Idempotency-Key. */
export interface Sending {
  readonly key: string;
  /** What else was asked for with them: the key holds for exactly that. */
  readonly query: string;
  /** Keys of the items, in their order. */
  readonly items: readonly string[];
  /** Null where it is not known whether it arrived. */
  batch: string | null;
}

/**
 * What earlier runs did, in a file of the output folder that is only ever appended to, so that a run that is killed at any
 * point loses nothing: what was being sent is sent again under the same key, and what was drawn is fetched. A journal that is
 * gone costs no more than drawing again.
 */
export class Journal {
  readonly #folder: string;
  readonly #file: string;
  readonly #done = new Map<string, readonly DoneFile[]>();
  readonly sendings: Sending[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, journalName);
  }

  /**
   * Reads the journal of a folder, if it has one.
   *
   * @throws ArmatureError `conflict` where something else has its name: a file that no run wrote, a folder, a link, a pipe
   */
  static async open(folder: string): Promise<Journal> {
    const journal = new Journal(folder);
    await journal.#load();
    return journal;
  }

  /** Names of the files of all items but those that are `missing`, which may take their old names. */
  namesBeside(missing: ReadonlyMap<string, unknown>): ReadonlySet<string> {
    const kept = [...this.#done].filter(([item]) => !missing.has(item));
    return new Set(kept.flatMap(([, files]) => files.map(({ name }) => name)));
  }

  /** Whether an item's files are there, as they were written. */
  async isDone(item: string): Promise<boolean> {
    const files = this.#done.get(item);
    if (files === undefined) return false;
    const found = await Promise.all(
      files.map(async ({ name, bytes }) => {
        const size = await stat(join(this.#folder, name)).then(
          (file) => (file.isFile() ? file.size : null),
          () => null,
        );
        return size === bytes;
      }),
    );
    return !found.includes(false);
  }

  async noteSending(key: string, query: string, items: readonly string[]): Promise<Sending> {
    await this.#append({ sending: key, query, items: [...items] });
    const sending: Sending = { key, query, items, batch: null };
    this.sendings.push(sending);
    return sending;
  }

  async noteSent(sending: Sending, batch: string): Promise<void> {
    await this.#append({ sent: sending.key, batch });
    sending.batch = batch;
  }

  async noteDone(item: string, files: readonly DoneFile[]): Promise<void> {
    await this.#append({ done: item, files: [...files] });
    this.#done.set(item, files);
  }

  async #load(): Promise<void> {
    const text = await this.#read();
    if (text === '') return;
    const entries = text.split('\n').flatMap((line) => parseEntry(line) ?? []);
    // The very first line may be torn.
    if (entries.length === 0 && !text.startsWith(beginning) && !beginning.startsWith(text)) {
      throw this.#taken('it is not one that a run wrote');
    }
    // A run that was killed while it wrote leaves half a line: it is ended, and says nothing.
    if (!text.endsWith('\n')) await this.#write('\n');
    for (const entry of entries) this.#apply(entry);
  }

  async #read(): Promise<string> {
    try {
      const handle = await this.#open(constants.O_RDONLY);
      if (handle === null) return '';
      let text: string;
      let names: number;
      try {
        text = await handle.readFile('utf8');
        names = (await handle.stat()).nlink;
      } finally {
        await handle.close();
      }
      if (names > 1 && text !== '') await this.#leaveToOthers(text);
      return text;
    } catch (cause) {
      if (cause instanceof ArmatureError) throw cause;
      const detail = `The journal ${this.#file} cannot be read: ${systemReason(cause) ?? String(cause)}.`;
      throw new ArmatureError('conflict', detail, { cause });
    }
  }

  /** A journal with a second name, in a backup made of hard links, is that of the backup: what is appended goes to a copy. */
  async #leaveToOthers(text: string): Promise<void> {
    await writeAtomically(this.#file, `${this.#file}.${randomUUID()}`, Buffer.from(text));
  }

  /** The file, where it is there and one that may be a journal; null where nothing has its name. */
  async #open(flags: number): Promise<FileHandle | null> {
    const found = await lstat(this.#file).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return null;
      throw error;
    });
    if (found === null) return null;
    if (found.isSymbolicLink()) throw this.#taken('it is a link');
    if (found.isDirectory()) throw this.#taken('it is a folder');
    return await openRegularFile(this.#file, flags | (constants.O_NOFOLLOW ?? 0)).catch((error: unknown) => {
      throw error instanceof SpecialFile ? this.#taken('it is no ordinary file') : error;
    });
  }

  #taken(reason: string): ArmatureError {
    const detail =
      `Expected ${this.#file} to be the journal of \`armature batch\`, but ${reason}. ` +
      'Move it away, or choose another folder with -o.';
    return new ArmatureError('conflict', detail);
  }

  #apply(entry: Entry): void {
    if ('done' in entry) this.#done.set(entry.done, entry.files);
    else if ('sending' in entry) {
      const { sending: key, query, items } = entry;
      this.sendings.push({ key, query, items, batch: null });
    } else for (const sending of this.sendings) if (sending.key === entry.sent) sending.batch = entry.batch;
  }

  async #append(entry: Entry): Promise<void> {
    await this.#write(`${JSON.stringify(entry)}\n`);
  }

  /** Each time by its name: one that was deleted meanwhile begins anew. */
  async #write(text: string): Promise<void> {
    try {
      const handle = (await this.#open(constants.O_WRONLY | constants.O_APPEND)) ?? (await open(this.#file, 'ax'));
      try {
        await handle.appendFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (cause) {
      throw cause instanceof ArmatureError ? cause : notWritten(this.#file, cause);
    }
  }
}

function parseEntry(line: string): Entry | null {
  try {
    return entrySchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
