import { actsAt, type ControlWeights } from './control-weights.ts';
import type { Acting, ControlInputs } from './control-work.ts';

/** A control as samples carry it, ready to act in a pass; samples of one request share it. */
export interface SampleControl {
  readonly acts: Acting;
  /** Key of the ControlNet's networks. */
  readonly network: string;
  /** The hint encoder's features, hintChannels x h x w. */
  readonly hint: Float32Array;
  readonly start: number;
  readonly end: number;
  readonly weights: ControlWeights;
  /** What was made of its pictures. */
  readonly inputs: ControlInputs;
}

/** A control that acts on one row of an evaluation, and how strongly: a weight for each place where it enters the network. */
export interface RowControl {
  readonly control: SampleControl;
  readonly weights: Float32Array;
}

/** Those of a row's controls whose windows are open at evaluation `index` of the `count` of a pass. */
export function actingControls(controls: readonly RowControl[], index: number, count: number): readonly RowControl[] {
  return controls.filter(({ control }) => actsAt(control, index, count));
}
