import { z } from 'zod';
import { outputFormats } from './choices.ts';
import { called, named } from './foreign-names.ts';
import { limits } from './limits.ts';
import { fieldOptions, noted } from './request-fields.ts';
import { integer } from './scalars.ts';

const foreignNames = new Map<string, string>([
  ...named(['type', 'output_format', 'content_type'], called('format')),
  ...named(['compression', 'output_compression', 'output_quality'], called('quality')),
]);

const outputFields = {
  format: z.enum(outputFormats).default('png').describe('File format of the outputs'),
  quality: integer(limits.quality)
    .optional()
    .describe('For jpeg and webp; 90 by default. png has no loss and takes none')
    .register(fieldOptions, { flag: '--quality <number>', says: 'of .jpg and .webp' }),
};

/** What an extraction may say of its map. */
export const outputRequest = noted(
  z.strictObject(outputFields).describe('How pictures are encoded').meta({ id: 'MapEncoding' }),
  { foreign: foreignNames },
);

/** What a generation may say of its outputs besides. */
export const generationOutputRequest = noted(
  z
    .strictObject({
      ...outputFields,
      metadata: z
        .boolean()
        .optional()
        .describe(
          "Whether the files carry the prompt and all that they were made with as text; the server's operator sets the default. " +
            'That they are generated is marked in them either way.',
        ),
    })
    .describe('How outputs are encoded')
    .meta({ id: 'OutputEncoding' }),
  { foreign: foreignNames },
);

export type OutputRequest = z.output<typeof outputRequest>;
