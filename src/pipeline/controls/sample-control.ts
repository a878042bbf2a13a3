import type { Tensor } from '../../numeric/tensor.ts';
import { actsAt, type ControlWeights } from './control-weights.ts';
import type { ControlInputs } from './control-work.ts';

/** A control as samples carry it, ready to act in a pass; samples of one request share it. */
export type SampleControl = ResidualControl | FeatureControl;

/** One that acts by the residuals of a ControlNet, which are worked out anew in every evaluation. */
export interface ResidualControl extends AnyControl {
  readonly acts: 'residuals';
  /** Key of the ControlNet's networks. */
  readonly network: string;
  /** The hint encoder's features, hintChannels x h x w. */
  readonly hint: Float32Array;
}

/** One that acts by features, the same in every evaluation. */
export interface FeatureControl extends AnyControl {
  readonly acts: 'features';
  /** One a place where features enter the UNet, [1, C, h, w], within the region of the control. */
  readonly features: readonly Tensor[];
}

interface AnyControl {
  readonly start: number;
  readonly end: number;
  readonly weights: ControlWeights;
  /** What was made of its pictures. */
  readonly inputs: ControlInputs;
}

/** A control that acts on one row of an evaluation, and how strongly: a weight for each place where it enters the network. */
export interface RowControl<Control extends SampleControl = SampleControl> {
  readonly control: Control;
  readonly weights: Float32Array;
}

/** Those of a row's controls whose windows are open at evaluation `index` of the `count` of a pass. */
export function actingControls(controls: readonly RowControl[], index: number, count: number): readonly RowControl[] {
  return controls.filter(({ control }) => actsAt(control, index, count));
}
