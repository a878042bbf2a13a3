import { z } from 'zod';
import { limits } from './limits.ts';
import { fieldOptions } from './request-fields.ts';
import { integer, real } from './scalars.ts';

/** From which noise, and how many. */
export const seedFields = {
  seed: integer(limits.seed)
    .nullable()
    .default(null)
    .describe('Seed of the first output; null lets the server choose')
    .register(fieldOptions, { flag: '--seed <number>', says: 'seed of the first picture; the next ones count on' }),
  count: integer(limits.count)
    .default(1)
    .describe('Number of outputs; output i is drawn with seed + i')
    .register(fieldOptions, { flag: '-n, --count <number>', says: 'how many pictures' }),
} as const;

/** Noise between that of two seeds. */
export const variationField = {
  variation: z
    .strictObject({
      seed: integer(limits.seed)
        .nullable()
        .default(null)
        .describe(
          'The other seed, of the first output; null lets the server choose. It counts on from output to output, and the own seed does not',
        )
        .register(fieldOptions, {
          flag: '--variation-seed <number>',
          says: 'another seed, whose noise pictures vary towards',
        }),
      strength: real(limits.variationStrength)
        .describe('How far on the way from the noise of the own seed (0) to that of the other (1) pictures begin')
        .register(fieldOptions, { flag: '--variation-strength <number>', says: 'how far they vary, 0 to 1' }),
    })
    .optional()
    .describe('Pictures that are near to that of seed, by noise that lies on the way to that of another seed')
    .meta({ id: 'Variation' }),
} as const;
