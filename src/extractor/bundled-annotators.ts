import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Annotator, AnnotatorSource } from '../conditions/condition.ts';
import { ArmatureError } from '../errors.ts';
import { openOnnxFile } from '../runtime/index.ts';

/** The networks that come with the package, as files `<id>.onnx` of one folder; each is loaded once and kept. */
export class BundledAnnotators implements AnnotatorSource {
  readonly #folder: string;
  readonly #open = new Map<string, Promise<Annotator>>();

  constructor(folder: string) {
    this.#folder = folder;
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
    const exists = await access(file).then(
      () => true,
      () => false,
    );
    if (!exists) {
      throw new ArmatureError(
        'model_missing',
        `The network ${id} is not there. Bring it with: armature models pull ${id}`,
      );
    }
    return await openOnnxFile(file);
  }
}
