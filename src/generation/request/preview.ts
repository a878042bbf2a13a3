import { z } from 'zod';
import { limits } from './limits.ts';
import { integer } from './scalars.ts';

/** Those who follow a job are shown what its pictures come to. */
const previewRequest = z
  .strictObject({ every: integer(limits.previewEvery).default(1).describe('Steps from one to the next') })
  .describe('Pictures on their way')
  .meta({ id: 'PreviewRequest' });

export const previewField = {
  preview: previewRequest
    .optional()
    .describe(
      'Shows those who follow GET /v1/generations/{id}/events what the pictures come to while they are drawn, in small and at most four times a second',
    ),
};
