import { z } from 'zod';

export const normalOptions = z.strictObject({
  colours: z
    .enum(['normalbae', 'midas'])
    .default('normalbae')
    .describe(
      'What the colours mean. normalbae: red left, green up, blue to the front, as ControlNet 1.1 expects; midas: red to the front, blue left, as ControlNet 1.0 expects.',
    ),
  background_threshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Where the nearness (0 farthest, 1 nearest) lies below this, the surface is drawn as facing the camera.'),
  strength: z
    .number()
    .min(0.05)
    .max(20)
    .default(1)
    .describe('How steep the relief is taken to be. Higher turns more surfaces away from the camera.'),
});

export type NormalOptions = z.output<typeof normalOptions>;
