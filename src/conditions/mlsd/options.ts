import { z } from 'zod';

export const mlsdOptions = z.strictObject({
  score_threshold: z
    .number()
    .min(0.01)
    .max(1)
    .default(0.1)
    .describe('Score that a line must exceed. Lower finds more.'),
  distance_threshold: z
    .number()
    .min(0)
    .max(256)
    .default(20)
    .describe(
      "Length that a line must exceed, in units of 1/256 of the picture. ControlNet's demo starts at 0.1, which keeps every short line.",
    ),
});

export type MlsdOptions = z.output<typeof mlsdOptions>;
