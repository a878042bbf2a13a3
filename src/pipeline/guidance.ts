import type { Role, RowGuidance } from '../generation/row-roles.ts';

export interface Guidance extends RowGuidance {
  /** Whether it acts at a step, counted from 0; where it does not it is as with a scale of 1. Absent: at all of them. */
  readonly actsAt?: ((step: number) => boolean) | undefined;
  /** How far the spread of a guided prediction is brought back, 0 .. 1. */
  readonly rescale: number;
}

/** The network's answer to one row of a sample. */
export interface Answer {
  readonly role: Role;
  /** What it counts among several answers to prompts. */
  readonly weight: number;
  readonly prediction: Float32Array;
}

/** Guidance as it is at a step. */
export function guidanceAt(guidance: Guidance, step: number): Guidance {
  return guidance.actsAt?.(step) === false ? { ...guidance, scale: 1 } : guidance;
}

/**
 * One prediction from the answers to a sample's rows: the prompt's own where it is alone, else guided away from the negative
 * one. Of a picture that is edited it is guided from the negative one to the picture's, and on from there to the prompt's (Brooks et al. 2023).
 */
export function joinAnswers(answers: readonly Answer[], { scale, rescale, picture = null }: Guidance): Float32Array {
  const prompts = answers.filter(({ role }) => role === 'prompt');
  if (prompts.length === 0) throw new RangeError('A sample was evaluated without a row for its prompt');
  const negative = answers.find(({ role }) => role === 'negative')?.prediction;
  const edited = answers.find(({ role }) => role === 'picture')?.prediction;
  const prompt = composed(prompts, negative);
  const guided = edited === undefined ? null : guidedFrom(edited, prompt, negative, { scale, picture });
  if (negative === undefined && guided === null) return prompt;
  const away = guided ?? guide(negative ?? prompt, prompt, scale);
  return rescale > 0 ? rescaleGuided(away, prompt, rescale) : away;
}

/** negative + picture scale * (edited - negative) + scale * (prompt - edited), where a picture scale of 1 asks no negative answer. */
function guidedFrom(
  edited: Float32Array,
  prompt: Float32Array,
  negative: Float32Array | undefined,
  { scale, picture }: Pick<Guidance, 'scale' | 'picture'>,
): Float32Array {
  const base = negative === undefined ? edited : guide(negative, edited, picture ?? 1);
  return base.map((value, i) => value + scale * ((prompt[i] ?? 0) - (edited[i] ?? 0)));
}

/**
 * The answers to several prompts as that to one (Liu et al. 2022, Composable Diffusion): unconditional + the sum of weight *
 * (conditional - unconditional). Guided, that is unconditional + scale * that sum. Weights are not normalised.
 */
function composed(prompts: readonly Answer[], negative: Float32Array | undefined): Float32Array {
  const [first, ...others] = prompts;
  if (others.length === 0 || negative === undefined) return first?.prediction ?? new Float32Array();
  return negative.map((base, i) =>
    prompts.reduce((sum, { weight, prediction }) => sum + weight * ((prediction[i] ?? 0) - base), base),
  );
}

/**
 * Classifier-free guidance (Ho and Salimans 2022): unconditional + scale * (conditional - unconditional), elementwise, in
 * a new array.
 */
export function guide(unconditional: Float32Array, conditional: Float32Array, scale: number): Float32Array {
  const guided = new Float32Array(conditional.length);
  for (let i = 0; i < guided.length; i++) {
    const base = unconditional[i] ?? 0;
    guided[i] = base + scale * ((conditional[i] ?? 0) - base);
  }
  return guided;
}

/**
 * Brings the spread of a guided prediction back towards that of the conditional one (Lin et al. 2023, section 3.4):
 * `amount` 0 leaves it, 1 rescales it fully. Statistics are over one sample's C, H and W, with Bessel's correction. New
 * array.
 */
export function rescaleGuided(guided: Float32Array, conditional: Float32Array, amount: number): Float32Array {
  const ratio = deviation(conditional) / deviation(guided);
  return guided.map((value) => amount * (value * ratio) + (1 - amount) * value);
}

function deviation(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
