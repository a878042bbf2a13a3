import { z } from 'zod';

export const recolorOptions = z.strictObject({
  mode: z
    .enum(['luminance', 'intensity'])
    .default('luminance')
    .describe('luminance: lightness as the eye sees it (L* of CIELAB); intensity: the largest channel (V of HSV).'),
  gamma: z
    .number()
    .min(0.1)
    .max(5)
    .default(1)
    .describe('Exponent on the brightness of 0..1: above 1 darkens, below 1 brightens the middle tones.'),
});

export type RecolorOptions = z.output<typeof recolorOptions>;
