import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmatureError, hasCode } from '../errors.ts';
import { readTextIfThere } from '../files/regular-file.ts';
import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import type { TrainingPair } from './data/set.ts';
import type { StepDone } from './train.ts';
import { writeAnew } from '../files/atomic-write.ts';

const recordName = 'training.json';
const lossesName = 'losses.jsonl';
const workName = 'work';
/** What a dry run works in, below the output folder: one that was killed left it there. */
export const dryRunFolder = 'dry-run';
/** A file by which whoever trains there keeps others out. */
export const trainingLock = 'armature-train.lock';

/** What a folder holds of a training. */
interface TrainingRecord {
  readonly version: 1;
  readonly plan: TrainingPlan;
  /** SHA-256 over the pairs that it learns from. */
  readonly set: string;
  readonly ended: boolean;
}

/** Larger ones are none of ours. */
const mostRecordBytes = 2 ** 20;
const mostLossesBytes = 2 ** 31;

/** A folder that a training has to itself: its plan, its losses step by step, what it works with, and at its end the result. */
export class TrainingFolder {
  readonly path: string;
  #record: TrainingRecord | null;

  private constructor(path: string, record: TrainingRecord | null) {
    this.path = path;
    this.#record = record;
  }

  /** @throws ArmatureError `invalid_request` for a folder of other things, and for one whose training has ended. */
  static async open(path: string): Promise<TrainingFolder> {
    const record = await readRecord(path);
    if (record === null) await requireEmpty(path);
    if (record?.ended === true) {
      // It may have been killed between its end and that.
      await rm(join(path, workName), { recursive: true, force: true });
      throw refused(
        `The training in ${path} has ended after ${record.plan.steps} steps. Choose another output folder.`,
      );
    }
    return new TrainingFolder(path, record);
  }

  /** The plan that it was begun with; null where it was not. */
  get plan(): TrainingPlan | null {
    return this.#record?.plan ?? null;
  }

  /** The seed of that. */
  get seed(): number | null {
    return this.#record?.plan.seed ?? null;
  }

  /** Where what may be made again is kept, and checkpoints. */
  get work(): Readonly<Record<'encoded' | 'checkpoints' | 'best' | 'kept', string>> {
    const inside = (name: string): string => join(this.path, workName, name);
    return {
      encoded: inside('encoded'),
      checkpoints: inside('checkpoints'),
      best: inside('best'),
      kept: inside('kept'),
    };
  }

  /**
   * Begins the training, or goes on with it; gives what tells it from all others.
   *
   * @throws ArmatureError `invalid_request` where the folder's training is another one, with the first difference.
   */
  async begin(
    plan: TrainingPlan,
    pairs: readonly TrainingPair[],
  ): Promise<{ readonly identity: string; readonly plan: TrainingPlan }> {
    const set = digestOf(pairs.map(({ key, repeats }) => [key, repeats]));
    const known = this.#record;
    await removeDrafts(this.path);
    await rm(join(this.path, dryRunFolder), { recursive: true, force: true });
    if (known === null) await this.#write({ version: 1, plan, set, ended: false });
    else {
      const difference =
        known.set === set ? firstDifference(unsettled(known.plan), plan) : 'its pictures, maps or captions were others';
      if (difference !== null) {
        const detail = `Expected the training that was begun in ${this.path}, but ${difference}. Ask for the same again, or choose another output folder.`;
        throw refused(detail);
      }
    }
    return { identity: digestOf([plan, set]), plan: known?.plan ?? plan };
  }

  /** Writes down what of the plan was measured: it is not measured again when the training goes on. */
  async settle(plan: TrainingPlan): Promise<void> {
    if (this.#record !== null) await this.#write({ ...this.#record, plan });
  }

  /** Leaves out the losses of steps that are done anew. */
  async keepLosses(upTo: number): Promise<readonly StepDone[]> {
    const path = join(this.path, lossesName);
    const kept = (await this.losses()).filter(({ step }) => step <= upTo);
    await writeAnew(path, Buffer.from(kept.map(lineOf).join('')));
    return kept;
  }

  /** Steps that are done, with their losses. */
  async losses(): Promise<readonly StepDone[]> {
    const text = (await readTextIfThere(join(this.path, lossesName), mostLossesBytes)) ?? '';
    return text.split('\n').flatMap((line): readonly StepDone[] => stepIn(line));
  }

  async addLoss(done: StepDone): Promise<void> {
    await appendFile(join(this.path, lossesName), lineOf(done));
  }

  /** Lets go of all that only the training needed, once the result is there. */
  async end(): Promise<void> {
    if (this.#record !== null) await this.#write({ ...this.#record, ended: true });
    await rm(join(this.path, workName), { recursive: true, force: true });
  }

  async #write(record: TrainingRecord): Promise<void> {
    await mkdir(this.path, { recursive: true });
    await writeAnew(join(this.path, recordName), Buffer.from(`${JSON.stringify(record, null, 2)}\n`));
    this.#record = record;
  }
}

interface LossLine {
  readonly step?: number;
  readonly loss?: number;
  readonly learning_rate?: number;
  readonly gradient_norm?: number;
  readonly ranges?: StepDone['ranges'];
}

/** A line as the file of losses has it. */
function lineOf({ step, loss, learningRate, gradientNorm, ranges }: StepDone): string {
  const said = { step, loss, learning_rate: learningRate, gradient_norm: gradientNorm, ranges };
  return `${JSON.stringify(said)}\n`;
}

/** None of a line that was cut off when a machine was stopped. */
function stepIn(line: string): readonly StepDone[] {
  try {
    const { step = 0, loss = 0, ...said } = JSON.parse(line) as LossLine;
    const { learning_rate: learningRate = 0, gradient_norm: gradientNorm = 0, ranges = [] } = said;
    return [{ step, loss, learningRate, gradientNorm, ranges }];
  } catch {
    return [];
  }
}

async function readRecord(path: string): Promise<TrainingRecord | null> {
  const text = await readTextIfThere(join(path, recordName), mostRecordBytes);
  if (text === null) return null;
  const record = parsed(text);
  if (record?.version === 1) return record as TrainingRecord;
  throw refused(`${join(path, recordName)} is damaged, or a newer release wrote it. Choose another output folder.`);
}

function parsed(text: string): Partial<TrainingRecord> | null {
  try {
    return JSON.parse(text) as Partial<TrainingRecord>;
  } catch {
    return null;
  }
}

/** What writeAnew leaves where it is killed. */
const draftName = /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/;

async function removeDrafts(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  for (const name of names.filter((one) => draftName.test(one))) await rm(join(folder, name), { force: true });
}

async function requireEmpty(path: string): Promise<void> {
  const names = await readdir(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    if (hasCode(error, 'ENOTDIR')) throw refused(`Expected a folder for the output, but ${path} is a file.`);
    throw error;
  });
  const isOwn = (name: string): boolean =>
    name === trainingLock || name === dryRunFolder || (name.startsWith(`${recordName}.`) && draftName.test(name));
  if (names.every(isOwn)) return;
  throw refused(
    `Expected a new or empty folder, or one of a training, for the output, but ${path} holds other things.`,
  );
}

/** A plan before anything of it was measured. */
function unsettled(plan: TrainingPlan): TrainingPlan {
  return {
    ...plan,
    ...(plan.minutes === null ? {} : { steps: 0 }),
    ...(plan.findsRate ? { learningRate: 0 } : {}),
  };
}

/** The first setting that is not the same, as the end of a sentence. */
function firstDifference(before: TrainingPlan, now: TrainingPlan): string | null {
  for (const [name, value] of Object.entries(now)) {
    const known = JSON.stringify(before[name as keyof TrainingPlan]);
    if (known !== JSON.stringify(value)) return `its ${name} was ${known} and is ${JSON.stringify(value)} now`;
  }
  return null;
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function refused(detail: string): ArmatureError {
  return new ArmatureError('invalid_request', detail, { field: 'output' });
}
