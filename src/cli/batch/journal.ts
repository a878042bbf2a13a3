import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { notWritten } from '../output-files.ts';

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
 * point loses nothing: what was being sent is sent again under the same key, and what was drawn is fetched.
 */
export class Journal {
  readonly #folder: string;
  readonly #done = new Map<string, readonly DoneFile[]>();
  readonly sendings: Sending[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

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
          (file) => file.size,
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
    const file = join(this.#folder, journalName);
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
      throw new ArmatureError('invalid_request', `The journal ${file} cannot be read.`, { cause });
    });
    // A run that was killed while it wrote leaves half a line: it is ended, and says nothing.
    if (text !== '' && !text.endsWith('\n')) await appendFile(file, '\n');
    for (const line of text.split('\n')) {
      const entry = parseEntry(line);
      if (entry !== null) this.#apply(entry);
    }
  }

  #apply(entry: Entry): void {
    if ('done' in entry) this.#done.set(entry.done, entry.files);
    else if ('sending' in entry) {
      const { sending: key, query, items } = entry;
      this.sendings.push({ key, query, items, batch: null });
    } else for (const sending of this.sendings) if (sending.key === entry.sent) sending.batch = entry.batch;
  }

  async #append(entry: Entry): Promise<void> {
    const file = join(this.#folder, journalName);
    await appendFile(file, `${JSON.stringify(entry)}\n`).catch((cause: unknown) => {
      throw notWritten(file, cause);
    });
  }
}

function parseEntry(line: string): Entry | null {
  try {
    return entrySchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
