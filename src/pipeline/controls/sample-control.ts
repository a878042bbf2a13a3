import type { Tensor } from '../../numeric/tensor.ts';
import type { ImageTokens } from '../networks/networks.ts';
import type { Role } from '../../generation/row-roles.ts';
import { actsAt } from '../../generation/window.ts';
import type { ControlWeights } from './control-weights.ts';
import type { ControlInputs } from './control-work.ts';

/** A control as samples carry it, ready to act in a pass; samples of one request share it. */
export type SampleControl = ResidualControl | FeatureControl | ImageTokenControl;

/** One that acts by the residuals of a ControlNet, which are worked out anew as the steps go on. */
export interface ResidualControl extends AnyControl {
  readonly acts: 'residuals';
  /** Key of the ControlNet's networks. */
  readonly network: string;
  /** Steps of a pass from one at which its network runs to the next; 1: it runs at all of them. */
  readonly every: number;
  /** The hint encoder's features, hintChannels x h x w; of a union the sum over its maps whose windows are open. */
  readonly hint: Float32Array;
  /** Of a union: 1 for each of its types that it is given a map of, else 0. */
  readonly types?: Float32Array;
  /** The maps of several controls that one run of a union takes; its own window is then all of the pass. */
  readonly parts?: readonly HintPart[];
}

/** What one of several maps is in the hint of a union while its window is open. */
export interface HintPart {
  readonly hint: Float32Array;
  readonly start: number;
  readonly end: number;
}

/** One that acts by features, the same in every evaluation. */
export interface FeatureControl extends AnyControl {
  readonly acts: 'features';
  /** One a place where features enter the UNet, [1, C, h, w]. */
  readonly features: readonly Tensor[];
}

/** One that acts by tokens of pictures that the denoiser attends to beside the text, the same in every evaluation. */
export interface ImageTokenControl extends AnyControl {
  readonly acts: 'imageTokens';
  /** What rows of the prompt attend to, and what all others do: the tokens of no picture. */
  readonly tokens: { readonly prompt: ImageTokens; readonly others: ImageTokens };
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
  /** Of the row. */
  readonly role: Role;
}

/** Those of a row's controls whose windows are open at evaluation `index` of the `count` of a pass, as they are then. */
export function actingControls(controls: readonly RowControl[], index: number, count: number): readonly RowControl[] {
  return controls.flatMap((one) => {
    const control = openAt(one.control, index, count);
    return control === null ? [] : [{ ...one, control }];
  });
}

/** A control as it acts at an evaluation; null where it does not. */
function openAt(control: SampleControl, index: number, count: number): SampleControl | null {
  if (control.acts !== 'residuals' || control.parts === undefined)
    return actsAt(control, index, count) ? control : null;
  const open = control.parts.filter((part) => actsAt(part, index, count));
  if (open.length === control.parts.length) return control;
  return open.length === 0 ? null : withHints(control, open);
}

/** By the parts that are open: samples of a request share their controls, and most evaluations are alike. */
const opened = new WeakMap<ResidualControl, Map<string, ResidualControl>>();

function withHints(control: ResidualControl, open: readonly HintPart[]): ResidualControl {
  const known = opened.get(control) ?? new Map<string, ResidualControl>();
  opened.set(control, known);
  const key = open.map((part) => control.parts?.indexOf(part)).join();
  const made = known.get(key) ?? { ...control, hint: sumOfHints(open) };
  known.set(key, made);
  return made;
}

export function sumOfHints(parts: readonly HintPart[]): Float32Array {
  const sum = new Float32Array(parts[0]?.hint.length ?? 0);
  for (const { hint } of parts) for (let i = 0; i < sum.length; i++) sum[i]! += hint[i]!;
  return sum;
}
