import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Annotator, AnnotatorSource } from '../conditions/contract/condition.ts';
import { ArmatureError } from '../errors.ts';
import { openOnnxFile } from '../runtime/index.ts';
import { findPulled } from '../models/annotators/pulled-files.ts';

/**
 * The networks that come with the package, as files `<id>.onnx` of one folder, and pulled ones, as folders `<id>` of others;
 * each is loaded once and kept.
 */
export class BundledAnnotators implements AnnotatorSource {
  readonly #folder: string;
  readonly #threads: number;
  readonly #pulled: readonly string[];
  readonly #open = new Map<string, Promise<Annotator>>();

  /** @param threads of one run; 0: as many as there are cores. */
  constructor(folder: string, pulled: readonly string[] = [], threads = 0) {
    this.#folder = folder;
    this.#threads = threads;
    this.#pulled = pulled;
  }

  async annotator(id: string): Promise<Annotator> {
    const opening = this.#open.get(id) ?? this.#load(id);
    this.#open.set(id, opening);
    // A file that is not there yet may be there the next time.
    opening.catch(() => this.#open.delete(id));
    return await opening;
  }

  async #load(id: string): Promise<Annotator> {
    const file = join(this.#folder, `${id}.onnx`);
    // An id with a slash is of a pulled network: it may not lead out of the folder.
    if (!id.includes('/') && (await exists(file)))
      return { ...(await openOnnxFile(file, this.#threads)), settings: {} };
    const pulled = await findPulled(id, this.#pulled);
    if (pulled !== null) return { ...(await openOnnxFile(pulled.onnx, this.#threads)), settings: pulled.settings };
    const [folder] = id.split('/');
    throw new ArmatureError(
      'model_missing',
      `The network ${id} is not there. Bring it with: armature models pull ${folder}`,
    );
  }
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
