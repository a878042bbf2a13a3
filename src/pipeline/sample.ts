import type { ControlMode } from '../generation/plan.ts';
import type { ControlWeights } from './control-weights.ts';
import type { Region } from './region.ts';
import type { TorchGeneratorState } from '../numeric/torch-generator.ts';
import type { NoiseSource, Scheduler, SchedulerState } from '../schedulers/scheduler.ts';

/**
 * One picture on its way. It owns all that changes from step to step, so that it can share a batched step with any other
 * sample of the same shape, join at any tick and leave at any tick.
 */
export interface Sample {
  /** Key of the base model's networks. */
  readonly base: string;
  /** Shape of the latents: channels, height, width. */
  readonly shape: readonly [number, number, number];
  readonly scheduler: Scheduler;
  readonly noise: NoiseSource;
  /** A copy of the state of the generator behind `noise`. */
  readonly noiseState: () => TorchGeneratorState;
  readonly guidance: Guidance;
  /** Conditional text features, tokens x width. */
  readonly context: TextContext;
  /** Unconditional text features; unused where guidance is off. */
  readonly negativeContext: TextContext;
  readonly controls: readonly SampleControl[];
  /** Latents before step `step`. Replaced, never written to. */
  latents: Float32Array;
  /** Index of the next entry of scheduler.timesteps. */
  step: number;
}

export interface Guidance {
  readonly scale: number;
  readonly rescale: number;
}

export interface TextContext {
  readonly tokens: number;
  readonly width: number;
  readonly values: Float32Array;
}

export interface SampleControl {
  /** Key of the ControlNet's networks. */
  readonly network: string;
  /** The hint encoder's features, hintChannels x h x w. */
  readonly hint: Float32Array;
  readonly mode: ControlMode;
  readonly start: number;
  readonly end: number;
  readonly weights: ControlWeights;
  /** Null where the control acts everywhere. */
  readonly region: Region | null;
}

/**
 * All of a sample that changes from step to step, as plain data: another sample of the same request that is given it goes on
 * as if nothing had happened.
 */
export interface SampleState {
  readonly step: number;
  readonly latents: Float32Array;
  readonly scheduler: SchedulerState;
  readonly noise: TorchGeneratorState;
}

/** Its arrays are the sample's own: they are replaced by steps, never written to. */
export function stateOf({ step, latents, scheduler, noiseState }: Sample): SampleState {
  return { step, latents, scheduler: scheduler.state, noise: noiseState() };
}

export function isGuided(sample: Sample): boolean {
  return sample.guidance.scale > 1;
}

export function isFinished(sample: Sample): boolean {
  return sample.step >= sample.scheduler.timesteps.length;
}

/** Rows that a sample takes in a batched step: two with classifier-free guidance. */
export function rowsOf(sample: Sample): number {
  return isGuided(sample) ? 2 : 1;
}

/** Samples with equal keys fit into one batched step. */
export function batchKey(sample: Sample): string {
  return [sample.base, ...sample.shape, sample.context.tokens].join('/');
}
