import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmatureError, hasCode } from '../errors.ts';
import { moveInto, syncFolder, writeSynced } from '../files/atomic-write.ts';
import { openRegularFile, readRegularText } from '../files/regular-file.ts';
import type { OptimizerState } from './optimizer/optimizer.ts';

/** Where a training keeps all that changes from step to step. */
export interface CheckpointPort {
  /** Reads the newest into the state; gives its step, 0 where there is none. */
  restore(state: OptimizerState): Promise<number>;
  /** Whether so much was done since the last one that it is time for another. */
  isDue(step: number): boolean;
  /** Keeps the state after a step, whole or not at all, and then lets go of older ones. */
  write(step: number, state: OptimizerState): Promise<void>;
}

/** How often they are written: not before so many milliseconds, not before so many steps, and so that a twentieth of the time at most goes into writing. */
const pace = { ms: 20_000, steps: 5, writes: 20 };

/** Seconds from one to the next, where a step and writing take so many. */
export function intervalOf({ step, writing }: { readonly step: number; readonly writing: number }): number {
  return Math.max(pace.ms / 1000, pace.steps * step, pace.writes * writing);
}

const manifestName = 'checkpoint.json';
const draftName = 'draft';
const folderName = (step: number): string => `step-${step}`;

interface Manifest {
  readonly version: 1;
  /** What the training is, as its maker says it: a checkpoint of another is none of this. */
  readonly training: string;
  readonly step: number;
  /** SHA-256 of each file. */
  readonly files: Readonly<Record<string, string>>;
}

/** A checkpoint that is whole. */
export interface CheckpointWritten {
  readonly step: number;
  readonly folder: string;
  readonly bytes: number;
}

/** Checkpoints in a folder that nobody else writes to: `step-<n>/` with the arrays as float32, little-endian, and last of all their hashes. */
export class CheckpointFolder implements CheckpointPort {
  readonly #folder: string;
  readonly #training: string;
  readonly #now: () => number;
  readonly #onWritten: (written: CheckpointWritten) => Promise<void>;
  #last: { readonly step: number; readonly at: number; readonly tookMs: number };

  /** `now` is the time in milliseconds. */
  constructor(
    folder: string,
    training: string,
    now: () => number,
    { onWritten = async () => {} }: { readonly onWritten?: (written: CheckpointWritten) => Promise<void> } = {},
  ) {
    this.#onWritten = onWritten;
    this.#folder = folder;
    this.#training = training;
    this.#now = now;
    this.#last = { step: 0, at: now(), tookMs: 0 };
  }

  async restore(state: OptimizerState): Promise<number> {
    await rm(join(this.#folder, draftName), { recursive: true, force: true });
    const [step] = await this.#steps();
    if (step === undefined) return 0;
    const folder = join(this.#folder, folderName(step));
    const manifest = await readManifest(folder);
    if (manifest.training !== this.#training) throw damaged(folder, 'it is one of another training');
    for (const [name, array] of arraysOf(state)) {
      if ((await readInto(join(folder, name), array)) !== manifest.files[name])
        throw damaged(folder, `${name} has other bytes`);
    }
    this.#last = { step, at: this.#now(), tookMs: 0 };
    return step;
  }

  isDue(step: number): boolean {
    const { step: last, at, tookMs } = this.#last;
    return step - last >= pace.steps && this.#now() - at >= Math.max(pace.ms, pace.writes * tookMs);
  }

  async write(step: number, state: OptimizerState): Promise<void> {
    if (step === this.#last.step) return;
    const startedAt = this.#now();
    const draft = join(this.#folder, draftName);
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    const files: Record<string, string> = {};
    for (const [name, array] of arraysOf(state)) files[name] = await writeArray(join(draft, name), array);
    const manifest: Manifest = { version: 1, training: this.#training, step, files };
    await writeSynced(join(draft, manifestName), Buffer.from(JSON.stringify(manifest)));
    // Older ones may go only once the disk has this one, and names are no part of the files that they name.
    await syncFolder(draft);
    await moveInto(join(this.#folder, folderName(step)), draft);
    for (const older of (await this.#steps()).filter((other) => other !== step)) {
      await rm(join(this.#folder, folderName(older)), { recursive: true, force: true });
    }
    this.#last = { step, at: this.#now(), tookMs: this.#now() - startedAt };
    const bytes = arraysOf(state).reduce((sum, [, { byteLength }]) => sum + byteLength, 0);
    await this.#onWritten({ step, folder: join(this.#folder, folderName(step)), bytes });
  }

  /** Of the checkpoints that are whole, the newest first. */
  async #steps(): Promise<readonly number[]> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    });
    const steps = names.flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? []);
    return steps.map(Number).toSorted((a, b) => b - a);
  }
}

function arraysOf({ weights, moments, averages }: OptimizerState): readonly (readonly [string, Float32Array])[] {
  return [
    ['weights', weights],
    ['first-moments', moments.first],
    ['second-moments', moments.second],
    ...(averages === null ? [] : [['averages', averages] as const]),
  ];
}

/** Bytes that are written or read at once. */
const pieceBytes = 2 ** 26;

function* piecesOf({ buffer, byteOffset, byteLength }: Float32Array): Generator<Uint8Array> {
  for (let start = 0; start < byteLength; start += pieceBytes) {
    yield new Uint8Array(buffer, byteOffset + start, Math.min(pieceBytes, byteLength - start));
  }
}

async function writeArray(path: string, array: Float32Array): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of piecesOf(array)) hash.update(piece);
  await writeSynced(path, piecesOf(array));
  return hash.digest('hex');
}

/** Gives the hash of what was read; of a file that is shorter that of less. */
async function readInto(path: string, array: Float32Array): Promise<string> {
  const hash = createHash('sha256');
  const file = await openRegularFile(path);
  try {
    let position = 0;
    for (const piece of piecesOf(array)) {
      for (let filled = 0; filled < piece.length;) {
        const { bytesRead } = await file.read(piece, filled, piece.length - filled, position + filled);
        if (bytesRead === 0) return hash.digest('hex');
        filled += bytesRead;
      }
      position += piece.length;
      hash.update(piece);
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function readManifest(folder: string): Promise<Manifest> {
  try {
    const said = JSON.parse(await readRegularText(join(folder, manifestName), 2 ** 20)) as Partial<Manifest>;
    if (said.version === 1) return said as Manifest;
  } catch (cause) {
    throw damaged(folder, `${manifestName} cannot be read`, cause);
  }
  throw damaged(folder, 'a newer release wrote it');
}

function damaged(folder: string, why: string, cause?: unknown): ArmatureError {
  const detail = `The checkpoint ${folder} cannot be gone on from: ${why}. Delete it to begin the training anew.`;
  return new ArmatureError('model_invalid', detail, { cause });
}
