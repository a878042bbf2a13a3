import type { Role } from './conditioning/role.ts';

export interface Guidance {
  /** 1 and less: the prompt alone. */
  readonly scale: number;
  /** How far the spread of a guided prediction is brought back, 0 .. 1. */
  readonly rescale: number;
}

/** The network's answer to one row of a sample. */
export interface Answer {
  readonly role: Role;
  readonly prediction: Float32Array;
}

/** The rows that a sample asks under this guidance, in their order in a batch. */
export function rolesOf({ scale }: Guidance): readonly Role[] {
  return scale > 1 ? ['negative', 'prompt'] : ['prompt'];
}

/**
 * One prediction from the answers to a sample's rows: the prompt's own where it is alone, else guided away from the negative
 * one.
 */
export function joinAnswers(answers: readonly Answer[], { scale, rescale }: Guidance): Float32Array {
  const answerTo = (role: Role): Float32Array | undefined => answers.find((answer) => answer.role === role)?.prediction;
  const prompt = answerTo('prompt');
  if (prompt === undefined) throw new RangeError('A sample was evaluated without a row for its prompt');
  const negative = answerTo('negative');
  if (negative === undefined) return prompt;
  const guided = guide(negative, prompt, scale);
  return rescale > 0 ? rescaleGuided(guided, prompt, rescale) : guided;
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
