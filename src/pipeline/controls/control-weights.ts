import type { ControlMode } from '../../generation/request/choices.ts';
import type { Role } from '../../generation/row-roles.ts';
import type { Size } from '../../numeric/size.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import { isNowhere, regionWeights, withinRegions } from '../../pixels/region.ts';
import type { ControlInputs } from './control-work.ts';

/** How strongly one control acts on rows by their role, one weight an injection point. */
export interface ControlWeights {
  readonly prompt: Float32Array;
  /** On rows of every other role; null where they are left alone. */
  readonly others: Float32Array | null;
}

/** How strongly a control acts, and where. */
export interface ControlStrength {
  readonly weights: ControlWeights;
  readonly inputs: ControlInputs;
}

/** A control that acts on one row, with its weights there, one a place where it enters the network. */
export interface RowStrength {
  readonly control: ControlStrength;
  readonly weights: Float32Array;
}

/** Weights of a control on a row of this role; null where the row is left alone, as all are by one that acts nowhere. */
export function weightsOn(role: Role, { weights, inputs }: ControlStrength): Float32Array | null {
  const own = role === 'prompt' ? weights.prompt : weights.others;
  return own === null || own.every((weight) => weight === 0) || isNowhere(inputs.region) ? null : own;
}

/** The weights of a control where it enters a network at `place`: one for a whole picture of that size, or one a cell of it. */
export function cellWeights({ control, weights }: RowStrength, place: number, { width, height }: Size): Float32Array {
  const weight = weights[place] ?? 0;
  const { region } = control.inputs;
  return region === null
    ? Float32Array.of(weight)
    : regionWeights(region, width, height).map((share) => share * weight);
}

/** What a network that knows its weights gave, [rows, C, h, w], where the control of each row acts: controls[r] that of row r. */
export function whereActing(given: Tensor, controls: readonly RowStrength[]): Tensor {
  return withinRegions(
    given,
    controls.map(({ control }) => control.inputs.region),
  );
}

/**
 * Weights before the window is applied, by mode, for `points` injection points (the last is the middle block):
 * - balanced: 1 everywhere (Zhang et al. 2023).
 * - prompt: 0.825^(points - 1 - p) on all rows: shallow layers, which carry detail, give way to the prompt.
 * - control: the same, and nothing on rows of another role than prompt, so that guidance amplifies the control itself.
 * - guess: logspace(-1, 0) over the points, prompt rows only (diffusers' guess mode).
 */
export function controlWeights(mode: ControlMode, scale: number, points: number): ControlWeights {
  const prompt = Float32Array.from({ length: points }, (_, point) => scale * profile(mode, point, points));
  const all = mode === 'balanced' || mode === 'prompt';
  return { prompt, others: all ? prompt : null };
}

function profile(mode: ControlMode, point: number, points: number): number {
  switch (mode) {
    case 'balanced':
      return 1;
    case 'prompt':
    case 'control':
      return 0.825 ** (points - 1 - point);
    case 'guess':
      return points === 1 ? 0.1 : 10 ** (point / (points - 1) - 1);
  }
}
