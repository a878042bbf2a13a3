import { z } from 'zod';
import { pixelUpscalerIds } from '../../pixels/upscalers/registry.ts';
import { jobFields } from './job.ts';
import { limits } from './limits.ts';
import { outputRequest } from './output.ts';
import { pictureReference } from './pictures.ts';
import { fieldOptions } from './request-fields.ts';
import { id, integer, real } from './scalars.ts';

const side = integer(limits.upscaledSide);

/** The body of POST /v1/upscales. */
export const upscaleRequest = z
  .strictObject({
    image: pictureReference,
    upscaler: id
      .optional()
      .describe('What makes the picture larger: a kernel, or a network that GET /v1/models lists among upscalers')
      .meta({ examples: [...pixelUpscalerIds] })
      .register(fieldOptions, {
        flag: '--upscaler <id>',
        says: `${pixelUpscalerIds.join(', ')} or a network (default: lanczos)`,
      }),
    scale: real(limits.upscaleFactor)
      .optional()
      .describe("How many times as wide and as high; not with width and height. Without a size a network's own")
      .register(fieldOptions, { flag: '--scale <number>', says: 'how many times as wide and as high' }),
    width: side
      .optional()
      .describe("Pixels, at least the picture's; without height that follows its shape")
      .register(fieldOptions, { flag: '--width <pixels>', says: 'without a height that follows the shape' }),
    height: side
      .optional()
      .describe("Pixels, at least the picture's; without width that follows its shape")
      .register(fieldOptions, { flag: '--height <pixels>', says: 'without a width that follows the shape' }),
    output: outputRequest.prefault({}).describe('How the output is encoded'),
    ...jobFields,
  })
  .describe('The picture that is to be larger, and how')
  .meta({ id: 'UpscaleRequest' });

export type UpscaleRequest = z.output<typeof upscaleRequest>;
