import { z } from 'zod';
import { controlPasses } from './choices.ts';
import { limits } from './limits.ts';
import { fieldOptions } from './request-fields.ts';
import { id, real } from './scalars.ts';

const score = real(limits.aestheticScore).optional();

/** A model that draws the last steps, and what such a model is told. */
export const refinerFields = {
  refiner: z
    .strictObject({
      model: id
        .describe('A refiner of SDXL that GET /v1/models lists')
        .register(fieldOptions, { flag: '--refiner <id>', says: 'a refiner of SDXL, which draws the last steps' }),
      switch_at: real(limits.controlWindow)
        .default(0.8)
        .describe('The share of the trained timesteps, from the noisiest on, that the base model draws')
        .register(fieldOptions, { flag: '--refiner-switch-at <share>', says: 'where it takes over (default: 0.8)' }),
      passes: z
        .enum(controlPasses)
        .optional()
        .describe('With hires: of which passes it draws the end; of the second (high) by default')
        .register(fieldOptions, { flag: '--refiner-passes <passes>', says: controlPasses.join(', ') }),
    })
    .optional()
    .describe('A model that goes on with the latents of the base model where little noise is left')
    .meta({ id: 'Refiner' }),
  aesthetic_score: score
    .describe('Of a refiner: how beautiful the picture is said to be; 6 by default')
    .register(fieldOptions, { flag: '--aesthetic-score <number>', says: 'of a refiner: what it is told (default: 6)' }),
  negative_aesthetic_score: score
    .describe('Of a refiner: the same beside the negative prompt; 2.5 by default')
    .register(fieldOptions, {
      flag: '--negative-aesthetic-score <number>',
      says: 'of a refiner: the same beside the negative prompt (default: 2.5)',
    }),
} as const;
