import { z } from 'zod';

export const shuffleOptions = z.strictObject({
  seed: z
    .number()
    .int()
    .min(0)
    .max(4_294_967_295)
    .default(0)
    .describe('Of the random flow: the same picture, options and seed give the same map.'),
  scale: z
    .number()
    .int()
    .min(16)
    .max(2048)
    .default(256)
    .describe('Size in pixels of the waves of the flow: smaller ones tear the picture into smaller pieces.'),
});

export type ShuffleOptions = z.output<typeof shuffleOptions>;
