import { z } from 'zod';
import { jobFields } from './job.ts';
import { limits } from './limits.ts';
import { outputRequest } from './output.ts';
import { extractionImage } from './pictures.ts';
import { integer } from './scalars.ts';

const extractionFields = {
  image: extractionImage,
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('Options of the extractor: GET /v1/conditions gives their JSON Schema'),
  resolution: integer(limits.resolution)
    .optional()
    .describe(
      "Short side in pixels that the picture is brought to first; the map has that size. Left out, the picture's own size.",
    ),
  strict: z.boolean().default(false).describe('Fail where the map is blank, instead of warning'),
  output: outputRequest.prefault({}).describe('How the map is encoded'),
  ...jobFields,
};

/** The body of POST /v1/conditions/{type}. */
export const extractionRequest = z
  .strictObject(extractionFields)
  .describe('The picture that a map is to be made of')
  .meta({ id: 'ExtractionRequest' });

export type ExtractionRequest = z.output<typeof extractionRequest>;
