import { z } from 'zod';
import { limits, type Range } from './limits.ts';

/** Whole numbers of a range of {@link limits}. */
export const integer = ({ min, max, step }: Range) => {
  const bounded = z.int().min(min).max(max);
  return step === undefined ? bounded : bounded.multipleOf(step);
};

/** Numbers of a range of {@link limits}. */
export const real = ({ min, max }: Range) => z.number().min(min).max(max);

/** Of a model, an upload, a part ...: longer ones are nobody's, and are not looked for. */
export const id = z.string().max(limits.idLength);
