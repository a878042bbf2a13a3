import type { ControlMode } from '../../generation/request/choices.ts';
import type { Role } from '../../generation/row-roles.ts';

/** How strongly one control acts on rows by their role, one weight an injection point. */
export interface ControlWeights {
  readonly prompt: Float32Array;
  /** On rows of every other role; null where they are left alone. */
  readonly others: Float32Array | null;
}

/** Weights on a row of this role; null where it is left alone. */
export function weightsOn(role: Role, weights: ControlWeights): Float32Array | null {
  return role === 'prompt' ? weights.prompt : weights.others;
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
