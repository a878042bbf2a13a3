import type { Evaluation, SchedulerState } from '../schedulers/scheduler.ts';
import type { Pass } from './pass.ts';
import type { Repaint } from './drawn-over.ts';

/** What keeps the rest of a picture while a part of it is drawn anew: constants of one sample. */
export interface Blend extends Pick<Repaint, 'mask' | 'mode'> {
  /** The picture's latents, C x h x w. */
  readonly original: Float32Array;
  /** The noise that the sample began with. */
  readonly noise: Float32Array;
}

/**
 * The state of a sample after a step that is done whole: where nothing is drawn anew its latents are the picture's, noised to the
 * level of the next step, and after the last step the picture's own (diffusers' rule for networks of four channels). Within a step
 * the state itself.
 */
export function blended<State extends SchedulerState>(
  { scheduler }: Pick<Pass, 'scheduler'>,
  { mask, mode, original, noise }: Blend,
  state: State,
): State {
  const { evaluations } = scheduler;
  const next = evaluations[state.evaluation];
  if (next !== undefined && next.stage > 0) return state;
  const kept = next === undefined ? original : scheduler.addNoise(original, noise, state.evaluation);
  const weightOf = mode === 'hard' ? (level: number) => level : joiningAt(evaluations, next);
  const weights = mask.map(weightOf);
  const latents = state.latents.map((value, i) => {
    const weight = weights[i % weights.length] ?? 0;
    return (1 - weight) * (kept[i] ?? 0) + weight * value;
  });
  return { ...state, latents };
}

/**
 * Whether a cell is drawn anew from the next step on, by its mask: from where that is as high as the share of the run's noise that is
 * left, so that half-grey joins half-way (Differential Diffusion, Levin and Fried 2023, in ComfyUI's form); all that is not black
 * after the last step.
 */
function joiningAt(evaluations: readonly Evaluation[], next: Evaluation | undefined): (mask: number) => number {
  const finite = evaluations.map(({ level }) => level).filter(Number.isFinite);
  const [least, most] = [Math.min(...finite), Math.max(...finite)];
  const threshold = next === undefined || most === least ? 0 : (next.level - least) / (most - least);
  return (mask) => (mask > 0 && mask >= Math.min(threshold, 1) ? 1 : 0);
}
