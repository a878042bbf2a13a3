import { ArmatureError } from '../errors.ts';
import { linspace } from '../numeric/linspace.ts';
import { roundHalfToEven } from '../numeric/round-half-to-even.ts';
import type { TimestepSpacing } from './scheduler.ts';

export interface SpacingOptions {
  readonly timestepSpacing: TimestepSpacing;
  readonly stepsOffset: number;
}

/**
 * Timesteps of samplers that end at the clean sample after the last one, descending: `linspace` (not rounded) from
 * trainTimesteps - 1 to 0, `leading` from multiples of the stride, `trailing` back from trainTimesteps - 1.
 */
export function spacedTimesteps(
  { timestepSpacing, stepsOffset }: SpacingOptions,
  trainTimesteps: number,
  steps: number,
): number[] {
  switch (timestepSpacing) {
    case 'linspace':
      return linspace(0, trainTimesteps - 1, steps).toReversed();
    case 'leading':
      return leadingTimesteps(trainTimesteps, Math.floor(trainTimesteps / steps), 0, steps, stepsOffset);
    case 'trailing':
      return trailingTimesteps(trainTimesteps, trainTimesteps / steps, steps);
  }
}

/**
 * Timesteps of the multistep solvers, integers, descending: the same three spacings, laid out as if there were one step
 * more, of which the last is left out. `lastTimestep` is trainTimesteps unless the largest noise is clipped.
 */
export function multistepTimesteps(
  { timestepSpacing, stepsOffset }: SpacingOptions,
  trainTimesteps: number,
  lastTimestep: number,
  steps: number,
): number[] {
  switch (timestepSpacing) {
    case 'linspace':
      return linspace(0, lastTimestep - 1, steps + 1)
        .map(roundHalfToEven)
        .toReversed()
        .slice(0, -1);
    case 'leading':
      return leadingTimesteps(trainTimesteps, Math.floor(lastTimestep / (steps + 1)), 1, steps, stepsOffset);
    case 'trailing':
      return trailingTimesteps(lastTimestep, trainTimesteps / steps, steps);
  }
}

/** (from + steps - 1) * stride + offset, ..., from * stride + offset; all of them timesteps that were trained. */
function leadingTimesteps(
  trainTimesteps: number,
  stride: number,
  from: number,
  steps: number,
  offset: number,
): number[] {
  const timesteps = Array.from({ length: steps }, (_, i) => (from + steps - 1 - i) * stride + offset);
  if (stride > 0 && (timesteps[0] ?? 0) < trainTimesteps) return timesteps;
  throw new ArmatureError(
    'invalid_request',
    `Expected fewer steps but received ${steps}: the model spaces timesteps from the start, with an offset of ${offset}, and was trained on ${trainTimesteps}.`,
    { field: 'steps' },
  );
}

/**
 * `numpy.arange(last, 0, -stride).round() - 1`. The float error of a stride can let arange count one step more than were
 * asked for, at timestep -1: that one is left out.
 */
function trailingTimesteps(last: number, stride: number, steps: number): number[] {
  const count = Math.min(steps, Math.ceil(last / stride));
  const difference = last - stride - last;
  return Array.from({ length: count }, (_, i) => roundHalfToEven(last + i * difference) - 1);
}
