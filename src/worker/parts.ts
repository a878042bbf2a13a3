import type { DeviceProcess } from '../device/device-process.ts';
import type { Runner } from '../drawing/runner.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import type { Plan } from '../generation/plan.ts';
import type { PictureDecoder } from '../images/decoder/decoder.ts';
import type { ModelLibrary } from '../models/library.ts';
import type { JobQueue } from '../queue/queue.ts';
import type { Records } from '../records/records.ts';
import type { ObjectStore } from '../store/store.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { WorkerObserver } from './observer.ts';
import { CancelWatch } from './cancel-watch.ts';
import { DeviceGate } from './device-gate.ts';
import { ProgressReports } from './progress-report.ts';

export interface WorkerLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Everything that running a job needs. */
export interface WorkerParts {
  readonly records: Records;
  readonly queue: JobQueue;
  readonly store: ObjectStore;
  readonly library: ModelLibrary;
  readonly device: DeviceProcess;
  readonly extractor: ExtractorProcess;
  readonly decoder: PictureDecoder;
  /** By the kind of job that each is for. */
  readonly runners: Readonly<Record<string, Runner<Plan>>>;
  readonly observer: WorkerObserver;
  readonly tracing: Tracing;
  readonly log: WorkerLog;
}

/** What running one job of a worker needs: the parts, and what its jobs share. */
export interface RunningParts extends WorkerParts {
  readonly cancels: CancelWatch;
  readonly progress: ProgressReports;
  readonly gate: DeviceGate;
  readonly checkpointEveryMs: number | null;
}
