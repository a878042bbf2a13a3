import { z } from 'zod';

export const blurOptions = z.strictObject({
  sigma: z
    .number()
    .min(0.1)
    .max(64)
    .default(9)
    .describe('Standard deviation of the Gaussian in pixels: higher blurs more, and takes longer.'),
});

export type BlurOptions = z.output<typeof blurOptions>;
