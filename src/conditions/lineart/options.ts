import { z } from 'zod';

export const lineartOptions = z.strictObject({
  method: z
    .enum(['xdog', 'standard'])
    .default('xdog')
    .describe(
      'xdog: thin lines along the dark side of edges, for photographs; standard: whatever is darker than its surroundings, for line drawings on light paper and as ControlNet does it.',
    ),
  thickness: z
    .number()
    .min(0.25)
    .max(4)
    .default(1)
    .describe('Scale of the Gaussians: higher draws thicker lines and leaves out fine ones.'),
  intensity: z.number().min(0.1).max(4).default(1).describe('Brightness of the lines: higher brings out weak ones.'),
  threshold: z
    .number()
    .min(0)
    .max(255)
    .default(8)
    .describe('Steps of brightness (of 255) below this are no lines. Higher leaves out texture and noise.'),
});

export type LineartOptions = z.output<typeof lineartOptions>;
