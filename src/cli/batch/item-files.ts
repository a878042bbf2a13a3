import { join } from 'node:path';
import { writeWhole } from '../output-files.ts';
import { noAnswer, requestServer } from '../server-client.ts';
import type { DrawnJob } from './collect-items.ts';
import type { DoneFile } from './journal.ts';
import { patiently } from './patience.ts';
import type { BatchItem } from './read-items.ts';
import type { BatchRun } from './run-batch.ts';

/** The files of the output folder. */
export class ItemFiles {
  readonly #run: BatchRun;
  readonly #names: Set<string>;

  /** `taken` are names that belong to items already. */
  constructor(run: BatchRun, taken: ReadonlySet<string>) {
    this.#run = run;
    this.#names = new Set(taken);
  }

  /** Writes the pictures of an item that has succeeded, and notes that it is done. */
  async fetch({ key, stem }: BatchItem, { id, outputs }: DrawnJob): Promise<void> {
    const files: DoneFile[] = [];
    for (const [index, { content_type: type }] of outputs.entries()) {
      const bytes = await this.#download(`/v1/generations/${id}/outputs/${index}`);
      const suffix = outputs.length === 1 ? '' : `-${index + 1}`;
      const name = this.#freeName(stem, `${suffix}.${extensionOf(type)}`);
      await writeWhole(join(this.#run.folder, name), bytes);
      files.push({ name, bytes: bytes.length });
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

  /** A name that no other item has: an item that has changed does not take the place of what was drawn before. */
  #freeName(stem: string, ending: string): string {
    let name = `${stem}${ending}`;
    for (let number = 2; this.#names.has(name); number += 1) name = `${stem}~${number}${ending}`;
    this.#names.add(name);
    return name;
  }
}

function extensionOf(contentType: string): string {
  return contentType.replace('image/', '').replace('jpeg', 'jpg');
}
