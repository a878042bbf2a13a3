import { z } from 'zod';

export const maskOptions = z
  .strictObject({
    of: z
      .enum(['object', 'person'])
      .default('object')
      .describe(
        'object: what the picture shows foremost (U2-Net-p); person: people who fill the picture (selfie model).',
      ),
    invert: z.boolean().default(false).describe('The subject is black and what surrounds it is white.'),
    grow: z
      .int()
      .min(-512)
      .max(512)
      .default(0)
      .describe('Pixels by which the subject is widened on every side; below 0 it is narrowed.'),
    soft: z
      .boolean()
      .default(false)
      .describe('Grey borders instead of black and white ones, for use as an alpha channel. Only with "grow": 0.'),
  })
  .refine(({ soft, grow }) => !soft || grow === 0, { path: ['grow'], error: 'grow needs a hard mask ("soft": false)' });

export type MaskOptions = z.output<typeof maskOptions>;

export function maskNetworks(options: MaskOptions): readonly string[] {
  return [options.of === 'person' ? 'selfie_segmentation' : 'u2netp'];
}
