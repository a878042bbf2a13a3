import { ancestralStep } from './ancestral-step.ts';
import type { Leap, TwoStageMethod } from './two-stage.ts';
import { ancestralFamily, twoStageFamily } from './two-stage-family.ts';

const kind = { roundsKarras: true, dropsPenultimate: true };

/** DPM-Solver-2 as `sample_dpm_2` of k-diffusion has it: a step goes by the slope in its middle, on the scale of log sigma. */
export const dpm2 = twoStageFamily(
  {
    by: 'slope',
    midway: (from, to) => ({ down: Math.sqrt(from * to), up: 0 }),
    whole: (_from, to) => ({ down: to, up: 0 }),
  },
  kind,
);

/** The same with ancestral noise (`sample_dpm_2_ancestral`): the middle is that of the way down to where the noise begins. */
export const dpm2AncestralMethod = (eta: number): TwoStageMethod => ({
  by: 'slope',
  midway: (from, to) => ({ down: logMiddle(from, float32Step(from, to, eta).down), up: 0 }),
  whole: (from, to) => float32Step(from, to, eta),
  noise: (noise) => noise.draw(),
});

export const dpm2Ancestral = ancestralFamily(dpm2AncestralMethod, kind);

const { fround } = Math;

/**
 * {@link ancestralStep} in float32, as diffusers' class computes it: where the noise falls far few digits are left, and the timesteps in between follow.
 * Where none is left it counts as it is.
 */
function float32Step(from: number, to: number, eta: number): Leap {
  const exact = ancestralStep(from, to, eta);
  if (eta < 1) return exact;
  const [from2, to2] = [fround(from * from), fround(to * to)];
  const up = fround(Math.sqrt(fround(fround(to2 * fround(from2 - to2)) / from2)));
  const down = fround(Math.sqrt(fround(to2 - fround(up * up))));
  return Math.abs(down / exact.down - 1) < 0.1 ? { up, down } : exact;
}

function logMiddle(from: number, to: number): number {
  const [start, end] = [fround(Math.log(from)), fround(Math.log(to))];
  return Math.exp(fround(end - fround((end - start) * 0.5)));
}
