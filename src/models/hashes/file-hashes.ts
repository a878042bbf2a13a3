import { statSync } from 'node:fs';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { writeAnew } from '../../files/atomic-write.ts';
import { readTextIfThere } from '../../files/regular-file.ts';
import { hashInThread } from './hash-thread.ts';
import { stampOf } from './stamp.ts';

const kept = z.strictObject({
  schema: z.literal(1),
  files: z.record(z.string(), z.strictObject({ stamp: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
});

type Known = z.output<typeof kept>['files'][string];

/** Bytes of the file that keeps them: tens of thousands. */
const mostBytes = 16 * 2 ** 20;

/**
 * SHA-256 of files of models, by which the field's catalogues know them. A file is read only when somebody asks for its own, once as long as it stays as it is, and one at a
 * time.
 */
export class FileHashes {
  readonly #file: string | null;
  #known: Map<string, Known> | null = null;
  #reading: Promise<unknown> = Promise.resolve();
  #version = 0;

  /** `file` keeps what was read for the next process; null: nothing is kept. */
  constructor(file: string | null) {
    this.#file = file;
  }

  /** Another number whenever one more is known. */
  get version(): number {
    return this.#version;
  }

  /** In hexadecimal, of the file that lies at a path now; null where nobody has asked for it yet. */
  known(path: string): string | null {
    const known = this.#known?.get(path);
    return known !== undefined && known.stamp === currentStamp(path) ? known.sha256 : null;
  }

  /** The same, read where it is not known. `model_invalid` where it cannot be read, or is written to. */
  async of(path: string): Promise<string> {
    const reading = this.#reading.then(async () => this.known(path) ?? (await this.#read(path)));
    this.#reading = reading.catch(() => null);
    return await reading;
  }

  /** Reads what an earlier process has kept. */
  async open(): Promise<void> {
    const text = this.#file === null ? null : await readTextIfThere(this.#file, mostBytes).catch(() => null);
    this.#known ??= new Map(Object.entries(filesIn(text)));
  }

  async #read(path: string): Promise<string> {
    const { sha256, stamp } = await hashInThread(path).catch((cause: unknown) => {
      throw new ArmatureError('model_invalid', 'The file of that model cannot be read.', { field: 'sha256', cause });
    });
    if (stamp === null) {
      const detail = 'The file of that model was written to while it was read: ask again when that has ended.';
      throw new ArmatureError('model_invalid', detail, { field: 'sha256' });
    }
    this.#known ??= new Map();
    this.#known.set(path, { stamp, sha256 });
    this.#version++;
    await this.#keep();
    return sha256;
  }

  /** Where that is not possible (a read-only folder, no room) files are read again by the next process, and nothing else. */
  async #keep(): Promise<void> {
    if (this.#file === null) return;
    const text = JSON.stringify({ schema: 1, files: Object.fromEntries(this.#known ?? []) });
    await writeAnew(this.#file, Buffer.from(text)).catch(() => null);
  }
}

function currentStamp(path: string): string | null {
  try {
    return stampOf(statSync(path, { bigint: true }));
  } catch {
    return null;
  }
}

/** None where there are none, or they are damaged. */
function filesIn(text: string | null): Readonly<Record<string, Known>> {
  try {
    return kept.parse(JSON.parse(text ?? '')).files;
  } catch {
    return {};
  }
}
