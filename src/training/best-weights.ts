import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAnew } from '../files/atomic-write.ts';
import { readRegularBytes, readTextIfThere } from '../files/regular-file.ts';
import { isBetter, type ValidationFigures } from '../generation/validation-figures.ts';

const recordName = 'best.json';
const mostRecordBytes = 2 ** 20;

interface BestRecord {
  readonly figures: ValidationFigures;
  /** Of the weights' bytes, as float32, little-endian. */
  readonly sha256: string;
}

/** The weights of the step at which a training showed the most so far, in a folder that nobody else writes to. */
export class BestWeights {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps the weights where their figures are better than those that are kept. */
  async offer(figures: ValidationFigures, weights: Float32Array): Promise<void> {
    const known = await this.#record();
    if (known !== null && !isBetter(figures, known.figures)) return;
    const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const name = nameOf(sha256);
    await mkdir(this.#folder, { recursive: true });
    await writeAnew(join(this.#folder, name), bytes);
    await writeAnew(join(this.#folder, recordName), Buffer.from(JSON.stringify({ figures, sha256 })));
    for (const other of await readdir(this.#folder)) {
      if (other !== name && other !== recordName) await rm(join(this.#folder, other), { force: true });
    }
  }

  /** The weights that are kept and the step after which they were so; null where none are, or where they are damaged. */
  async read(length: number): Promise<{ readonly step: number; readonly weights: Float32Array } | null> {
    const record = await this.#record();
    if (record === null) return null;
    const { figures, sha256 } = record;
    const bytes = await readRegularBytes(join(this.#folder, nameOf(sha256)), 4 * length);
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) return null;
    return { step: figures.step, weights: new Float32Array(new Uint8Array(bytes).buffer) };
  }

  async #record(): Promise<BestRecord | null> {
    const text = await readTextIfThere(join(this.#folder, recordName), mostRecordBytes);
    return text === null ? null : (JSON.parse(text) as BestRecord);
  }
}

function nameOf(sha256: string): string {
  return `${sha256}.weights`;
}
