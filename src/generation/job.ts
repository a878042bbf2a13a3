import type { SerializedError } from '../errors.ts';
import type { Fidelity } from '../conditions/contract/fidelity.ts';
import type { Door } from './door.ts';
import type { Plan, Variation } from './plan.ts';
import type { StoredJson } from './stored-json.ts';
import type { WebhookTarget } from './request/webhook.ts';

/**
 * queued -> running -> succeeded | failed | cancelled. A running job goes back to queued when its attempt is lost and
 * another is allowed. The last three states are final.
 */
export const drawnStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
/** What learns can be paused, from queued or running, until it is queued again. */
export const jobStatuses = [...drawnStatuses, 'paused'] as const;
export type JobStatus = (typeof jobStatuses)[number];

export function isFinal(status: JobStatus): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

/** What a running job that learns can be asked for: to be paused, or to end with what it has. */
export type JobWish = 'pause' | 'stop';

export interface Progress {
  /** Steps that all of its samples have done, of how many. */
  readonly step: number;
  readonly steps: number;
  /** 0 to 1: how much of the job's cost is spent. Whoever estimates or adds up reads this, people see the steps. */
  readonly share: number;
  /** Of a job that learns: what else is known of how far it is. */
  readonly training?: TrainingFigures;
}

/** `waiting` for memory, `reading` and `encoding` the pictures of its set, `learning`, and `storing` what it made. */
export const trainingStages = ['waiting', 'reading', 'encoding', 'learning', 'storing'] as const;

/** How far a training is, beside its steps. */
export interface TrainingFigures {
  readonly stage: (typeof trainingStages)[number];
  /** Pictures that this stage is through with, of how many; null of the others. */
  readonly pictures: { readonly done: number; readonly of: number } | null;
  /** Of the last step; null before the first. */
  readonly loss: number | null;
  /** Learning rate of the last step; null before the first. */
  readonly rate: number | null;
  /** Pictures learnt from in a second, over the last steps; null where that is not known yet. */
  readonly samples_per_s: number | null;
  /** Seconds until its last step at that pace; null where that is not known yet. */
  readonly eta_s: number | null;
  /** What it waits for; null where it does not. */
  readonly waits_for: string | null;
}

/** One stored file that a job made: a drawn picture or the map that a control used. */
export interface JobOutput {
  readonly key: string;
  readonly contentType: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly width: number;
  readonly height: number;
  /** The seed it was drawn with; null for maps. */
  readonly seed: number | null;
  /** Of a picture whose noise lay on the way to that of another seed: which, and how far. */
  readonly variation?: Variation;
  /** Of a map: what was found, as JSON (keypoints, legend). Absent where there is nothing, or too much. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Of an evaluated picture: how well it obeys each control, in their order. */
  readonly fidelity?: readonly ControlFidelity[];
  /** Of the best of several: all that were drawn for this output, in the order of their seeds. */
  readonly candidates?: readonly Candidate[];
}

/** How well a picture obeys one control: its condition was extracted again and compared with the requested map. */
export interface ControlFidelity extends Fidelity {
  /** Index of the control. */
  readonly control: number;
  /** Its condition. */
  readonly condition: string;
  /** Ids of the networks that the condition was extracted with from the picture; empty where it needs none. */
  readonly networks: readonly string[];
}

/** One of several pictures that were drawn for an output. */
export interface Candidate {
  readonly seed: number;
  readonly variation?: Variation;
  /** Mean of the values of its fidelity; null where none has a value. */
  readonly score: number | null;
  readonly fidelity: readonly ControlFidelity[];
}

export interface JobResult {
  readonly outputs: readonly JobOutput[];
  /** maps[i] is the map that control i was fed with, at the size of the generation. */
  readonly maps: readonly JobOutput[];
  readonly warnings: readonly string[];
  readonly timings: JobTimings;
  /** Mean number of samples, of this job and of others, in the batched steps it took part in; null where nothing was drawn. */
  readonly meanBatch: number | null;
}

/** Milliseconds of wall time. `wait` is the time from acceptance to the start of the attempt that succeeded. */
export interface JobTimings {
  readonly wait: number;
  readonly prepare: number;
  readonly draw: number;
  readonly store: number;
  /** Time for comparing pictures with their maps; absent where that was not asked for. */
  readonly evaluate?: number;
}

export interface Job {
  readonly id: string;
  readonly tenant: string;
  readonly status: JobStatus;
  readonly plan: Plan;
  /** The plan as it is stored, in whichever version: what a checkpoint's hash is of. */
  readonly storedPlan: StoredJson<'plan'>;
  /** Remarks made when the request was accepted. Those of the drawing are in `result`. */
  readonly warnings: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly door: Door;
  /** Who is told of its end. */
  readonly webhook: Pick<WebhookTarget, 'url' | 'events'> | null;
  /** 0 to 9, the higher the sooner. */
  readonly priority: number;
  /** The batch that it is an item of; null for a job of its own. */
  readonly batch: BatchPlace | null;
  readonly progress: Progress | null;
  /** Number of the current or last attempt; 0 before the first. */
  readonly attempt: number;
  readonly cancelRequested: boolean;
  readonly result: JobResult | null;
  readonly error: SerializedError | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** W3C traceparent of the request that made it, so that a worker's spans join its trace; null where it was not traced. */
  readonly traceParent: string | null;
  /** See `FaultKind`. */
  readonly strikes: number;
  readonly losses: number;
  /** Why the last attempt that ended with a fault did; null before the first. */
  readonly lastFault: SerializedError | null;
  /** Whether it failed because of too many faults: such jobs are listed, and can be retried together. */
  readonly dead: boolean;
  /** Where the next attempt goes on; null where it starts from the beginning. */
  readonly checkpoint: JobCheckpoint | null;
}

/** What is known of a stored checkpoint. */
export interface JobCheckpoint {
  /** The attempt that made it, and under whose key it is stored. */
  readonly attempt: number;
  /** Steps that all of its samples have done. */
  readonly step: number;
}

/** Events of a job, in order. `seq` grows by at least one within a job and is what Last-Event-ID carries. */
export interface JobEvent {
  readonly seq: number;
  readonly type: JobEventType;
  readonly data: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

const jobEventTypes = [
  'queued',
  'started',
  'progress',
  'validation',
  'notice',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type JobEventType = (typeof jobEventTypes)[number];

/** Which item of which batch a job is. */
export interface BatchPlace {
  readonly id: string;
  readonly index: number;
}
