import { z } from 'zod';

export const tileOptions = z.strictObject({
  factor: z
    .number()
    .min(1)
    .max(32)
    .default(1)
    .describe(
      'How much smaller the picture is made before it is enlarged again: higher takes away more detail, 1 leaves it as it is.',
    ),
});

export type TileOptions = z.output<typeof tileOptions>;
