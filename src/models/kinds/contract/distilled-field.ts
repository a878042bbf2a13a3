import { z } from 'zod';
import { distillationIds } from '../../../schedulers/distillations.ts';

/** How a model was made to draw in few steps; `none` against what its files say. */
export const distilledField = { distilled: z.enum([...distillationIds, 'none']).optional() };
