import { limits } from './limits.ts';
import { fieldOptions } from './request-fields.ts';
import { integer } from './scalars.ts';

/** How large the picture is that is drawn. */
export const sizeFields = {
  width: integer(limits.width)
    .optional()
    .describe("Pixels; the model's own size by default")
    .register(fieldOptions, { flag: '--width <pixels>', says: 'a multiple of 8' }),
  height: integer(limits.height)
    .optional()
    .describe("Pixels; the model's own size by default")
    .register(fieldOptions, { flag: '--height <pixels>', says: 'a multiple of 8' }),
} as const;
