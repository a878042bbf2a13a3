import { z } from 'zod';
import { tilingAxes } from './choices.ts';
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
  tiling: z
    .union([z.boolean(), z.enum(tilingAxes)])
    .default(false)
    .describe('Whether opposite edges meet: true in both directions, x from left to right, y from top to bottom')
    .register(fieldOptions, { flag: '--tiling <axes>', says: 'opposite edges meet: true (both), x or y' }),
} as const;
