import type { TrainingPlan } from '../../generation/kinds/training/plan.ts';

/** What a training would take on this machine, as measured. Times are in seconds. */
export interface TrainingEstimate {
  readonly plan: TrainingPlan;
  /** Of the plan, or as many as fit into its time. */
  readonly steps: number;
  readonly pairs: number;
  /** Bytes of memory of the process at most, without the base model's second time in memory while it is looked at. */
  readonly memory: number;
  /** Bytes that the output folder holds at most, and bytes that are free there. */
  readonly disk: { readonly needed: number; readonly free: number };
  /** Of all pairs. */
  readonly encoding: number;
  readonly step: number;
  /** 0 without validation. */
  readonly look: number;
  /** Of all of it. */
  readonly all: number;
  readonly checkpoints: { readonly bytes: number; readonly writing: number; readonly interval: number };
}
