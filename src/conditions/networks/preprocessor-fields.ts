import { z } from 'zod';

const sides = z.union([
  z.int().positive(),
  z.object({ height: z.int().positive(), width: z.int().positive() }),
  z.object({ shortest_edge: z.int().positive(), longest_edge: z.int().positive().nullish() }),
]);
const threeValues = z.tuple([z.number(), z.number(), z.number()]);

/** Fields of preprocessor_config.json as transformers writes it for networks that take pictures. */
export const preprocessorFields = z.object({
  do_resize: z.boolean().default(true),
  size: sides.optional(),
  keep_aspect_ratio: z.boolean().nullish(),
  ensure_multiple_of: z.int().positive().nullish(),
  resample: z.number().nullish(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: threeValues.optional(),
  image_std: threeValues.optional(),
  size_divisor: z.int().positive().nullish(),
});

export type PreprocessorFields = z.output<typeof preprocessorFields>;
