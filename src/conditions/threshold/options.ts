import { z } from 'zod';

export const thresholdOptions = z.strictObject({
  level: z
    .number()
    .int()
    .min(0)
    .max(255)
    .nullable()
    .default(null)
    .describe('Brightness above which a pixel is white; null chooses it by the histogram (Otsu).'),
  inverted: z.boolean().default(false).describe('White where it was dark instead: for dark lines on light paper.'),
});

export type ThresholdOptions = z.output<typeof thresholdOptions>;
