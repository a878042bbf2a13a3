import { actsAt, type ControlWeights } from './control-weights.ts';
import type { Region } from './region.ts';

/**
 * A control as samples carry it, ready to act in a pass; samples of one request share it. `acts` names the kind of control that
 * it is (see kinds.ts).
 */
export interface SampleControl {
  readonly acts: 'residuals';
  /** Key of the ControlNet's networks. */
  readonly network: string;
  /** The hint encoder's features, hintChannels x h x w. */
  readonly hint: Float32Array;
  readonly start: number;
  readonly end: number;
  readonly weights: ControlWeights;
  /** Null where the control acts everywhere. */
  readonly region: Region | null;
}

/** A control that acts on one row of an evaluation, and how strongly: a weight for each place where it enters the network. */
export interface RowControl {
  readonly control: SampleControl;
  readonly weights: Float32Array;
}

/** Those of a sample's controls that act on one half of its guidance in evaluation `index` of `count`. */
export function actingControls(
  controls: readonly SampleControl[],
  half: keyof ControlWeights,
  index: number,
  count: number,
): readonly RowControl[] {
  return controls.flatMap((control) => {
    const weights = control.weights[half];
    if (weights === null || !actsAt(control, index, count) || weights.every((weight) => weight === 0)) return [];
    return [{ control, weights }];
  });
}
