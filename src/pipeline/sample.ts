import type { TorchGeneratorState } from '../numeric/torch-generator.ts';
import { stepsDone } from '../schedulers/evaluations.ts';
import type { Noise, Scheduler, SchedulerMemory, SchedulerState } from '../schedulers/scheduler.ts';
import type { SampleControl } from './controls/sample-control.ts';

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
  readonly noise: Noise;
  /** A copy of the state of the generator behind `noise`. */
  readonly noiseState: () => TorchGeneratorState;
  readonly guidance: Guidance;
  /** Conditional text features, tokens x width. */
  readonly context: TextContext;
  /** Unconditional text features; unused where guidance is off. */
  readonly negativeContext: TextContext;
  readonly controls: readonly SampleControl[];
  /** How far it has come. Replaced, never written to. */
  state: SchedulerState;
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

/**
 * All of a sample that changes from step to step, as plain data: another sample of the same request that is given it goes on
 * as if nothing had happened.
 */
export interface SampleState {
  /** Index of the next evaluation: that of its step too, since every sampler of today has one a step. */
  readonly step: number;
  readonly latents: Float32Array;
  readonly scheduler: SchedulerMemory;
  readonly noise: TorchGeneratorState;
}

/** Its arrays are the sample's own: they are replaced by steps, never written to. */
export function stateOf({ state, noiseState }: Sample): SampleState {
  return { step: state.evaluation, latents: state.latents, scheduler: state.memory, noise: noiseState() };
}

/** Steps that are done whole. */
export function stepOf({ scheduler, state }: Sample): number {
  return stepsDone(scheduler, state);
}

export function isGuided(sample: Sample): boolean {
  return sample.guidance.scale > 1;
}

export function isFinished(sample: Sample): boolean {
  return sample.state.evaluation >= sample.scheduler.evaluations.length;
}

/** Rows that a sample takes in a batched step: two with classifier-free guidance. */
export function rowsOf(sample: Sample): number {
  return isGuided(sample) ? 2 : 1;
}

/** Samples with equal keys fit into one batched step. */
export function batchKey(sample: Sample): string {
  return [sample.base, ...sample.shape, sample.context.tokens].join('/');
}
