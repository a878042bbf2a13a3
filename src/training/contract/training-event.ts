import type { TrainingPlan } from '../../generation/kinds/training/plan.ts';
import type { ChannelFigures } from '../../generation/training-look.ts';
import type { ValidationFigures } from '../../generation/validation-figures.ts';
import type { SetReport } from '../data/set-report.ts';
import type { TrainingEstimate } from './training-estimate.ts';

/** What a training says on its way: plain data, which may be sent to another process as it is. */
export type TrainingEvent =
  | ValidatingEvent
  | ValidatedEvent
  | MemoryEvent
  | BegunEvent
  | ProgressEvent
  | PicturesEvent
  | FidelityEvent
  | CheckpointEvent
  | NoticeEvent
  | EstimateEvent;

/** How many pictures of the set were looked at, and then, how many were encoded. */
export interface ValidatingEvent {
  readonly type: 'validating';
  readonly stage: 'reading' | 'encoding';
  readonly done: number;
  readonly of: number;
}

/** What was found, before anything is learnt. */
export interface ValidatedEvent {
  readonly type: 'validated';
  readonly report: SetReport;
  readonly plan: TrainingPlan;
}

/** What it needs of the memory of the machine, before it takes it: it goes on once whoever is told has let it. Not where another memory than that decides. */
export interface MemoryEvent {
  readonly type: 'memory';
  /** An estimate of what its process will hold. */
  readonly bytes: number;
}

/** Before the first step of this run; `step` were done before, of `steps`. */
export interface BegunEvent {
  readonly type: 'begun';
  readonly step: number;
  readonly steps: number;
}

export interface ProgressEvent {
  readonly type: 'progress';
  /** Counted from 1. */
  readonly step: number;
  readonly steps: number;
  /** Of its rows, each by its weight, before the weights were moved. */
  readonly loss: number;
  /** Learning rate. */
  readonly rate: number;
  /** Length of all gradients together, before it was clipped. */
  readonly norm: number;
}

/** The state after a step lies whole in a folder. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly step: number;
  readonly folder: string;
  readonly bytes: number;
}

/** What was drawn of held-out maps after a step (0: before the first), as files of the output folder. */
export interface PicturesEvent {
  readonly type: 'pictures';
  readonly step: number;
  readonly pictures: readonly {
    /** Of the map among those that are held out. */
    readonly index: number;
    readonly prompt: string;
    readonly seed: number;
    /** Absolute paths of PNG files: the map, null where none are used; drawn with what is trained; and by the base model alone. */
    readonly map: string | null;
    readonly picture: string;
    readonly without: string;
  }[];
  /** Of red, green and blue over these pictures, 0 to 1; null where there are none. */
  readonly channels: { readonly with: ChannelFigures | null; readonly without: ChannelFigures | null };
}

/** What it shows on pairs that it does not learn from. */
export interface FidelityEvent extends ValidationFigures {
  readonly type: 'fidelity';
}

/** Something that people want to know when it happens. */
export interface NoticeEvent {
  readonly type: 'notice';
  readonly code: 'rate_found' | 'steps_measured' | 'control_took_hold';
  readonly step: number;
  readonly message: string;
}

/** What it would take: all that a dry run says in the end. */
export interface EstimateEvent {
  readonly type: 'estimate';
  readonly estimate: TrainingEstimate;
}

/** Who is told. */
export interface TrainingWatcher {
  /** Ends it, after the batch that runs, with a checkpoint; its reason is thrown. */
  readonly signal: AbortSignal;
  /** In order, each awaited. */
  readonly onEvent: (event: TrainingEvent) => void | Promise<void>;
}
