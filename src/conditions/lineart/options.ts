import { z } from 'zod';

import { networkId } from '../networks/network-id.ts';

const method = z.enum(['xdog', 'standard']);
const kernel = z.strictObject({ method, thickness: z.number(), intensity: z.number(), threshold: z.number() });
const learned = z.strictObject({ network: networkId, resolution: z.int() });

export const lineartOptions = z
  .strictObject({
    network: networkId
      .optional()
      .describe(
        'The id of a pulled network that draws the lines, such as lineart, lineart-coarse or lineart-anime (armature models pull lineart). Left out, they are drawn by the method below.',
      ),
    resolution: z
      .int()
      .min(64)
      .max(2048)
      .optional()
      .describe('Only with a network, which sees the picture with a short side of at most this many pixels.')
      .meta({ default: 512 }),
    method: method
      .optional()
      .describe(
        'Without a network. xdog: thin lines along the dark side of edges, for photographs; standard: whatever is darker than its surroundings, for line drawings on light paper and as ControlNet does it.',
      )
      .meta({ default: 'xdog' }),
    thickness: z
      .number()
      .min(0.25)
      .max(4)
      .optional()
      .describe('Without a network. Scale of the Gaussians: higher draws thicker lines and leaves out fine ones.')
      .meta({ default: 1 }),
    intensity: z
      .number()
      .min(0.1)
      .max(4)
      .optional()
      .describe('Without a network. Brightness of the lines: higher brings out weak ones.')
      .meta({ default: 1 }),
    threshold: z
      .number()
      .min(0)
      .max(255)
      .optional()
      .describe(
        'Without a network. Steps of brightness (of 255) below this are no lines. Higher leaves out texture and noise.',
      )
      .meta({ default: 8 }),
  })
  .superRefine(({ network, resolution, ...ofKernel }, context) => {
    const useless = network === undefined ? { resolution } : ofKernel;
    for (const [name, value] of Object.entries(useless)) {
      if (value === undefined) continue;
      const message = `it has no effect ${network === undefined ? 'without' : 'with'} a network`;
      context.addIssue({ code: 'custom', path: [name], message });
    }
  })
  .transform(({ network, resolution = 512, method: chosen = 'xdog', thickness = 1, intensity = 1, threshold = 8 }) =>
    network === undefined ? { method: chosen, thickness, intensity, threshold } : { network, resolution },
  )
  .pipe(z.union([kernel, learned]));

export type LineartOptions = z.output<typeof lineartOptions>;
export type KernelOptions = z.output<typeof kernel>;

export function lineartNetworks(options: LineartOptions): readonly string[] {
  return 'network' in options ? [options.network] : [];
}
