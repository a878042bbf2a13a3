import { z } from 'zod';
import { limits } from './limits.ts';
import { fieldOptions } from './request-fields.ts';
import { integer } from './scalars.ts';

const strictRequest = z
  .boolean()
  .default(false)
  .describe('Fail where a map is blank or looks like something else, or a prompt is cut, instead of warning');

/** What is done about pictures that do not obey. */
export const obedienceFields = {
  strict: strictRequest.register(fieldOptions, {
    flag: '--strict',
    says: 'fail where a map is blank or looks like something else, or the prompt is cut',
  }),
  evaluate: z
    .boolean()
    .optional()
    .describe('Extract the condition of each control from each output again and report how well it was obeyed')
    .register(fieldOptions, { flag: '--evaluate', says: 'say how well each picture obeys its controls' }),
  best_of: integer(limits.bestOf)
    .default(1)
    .describe(
      'Candidates that are drawn for each output: the one that obeys its controls best is kept. Candidate c of output i is drawn with seed + i * best_of + c',
    )
    .register(fieldOptions, {
      flag: '--best-of <number>',
      says: 'draw so many for each picture and keep the one that obeys best',
    }),
} as const;
