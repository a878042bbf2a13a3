import { z } from 'zod';

/** The short side at which HED sees a picture: its time grows with the area. */
export const hedResolution = z
  .number()
  .int()
  .min(64)
  .max(2048)
  .describe(
    'The network sees the picture with a short side of at most this many pixels; the map has the full size. Time grows with the area, about 0.8 s for 100,000 pixels on one core.',
  );

export const softedgeOptions = z.strictObject({
  safe: z
    .boolean()
    .default(false)
    .describe('Three levels instead of 256 (none, weak, strong), so that faint edges carry no hidden detail.'),
  resolution: hedResolution.default(512),
});

export type SoftedgeOptions = z.output<typeof softedgeOptions>;
