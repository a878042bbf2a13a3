import { z } from 'zod';

import { networkId } from '../networks/network-id.ts';

/** The network that comes with the package: it sees depth, from which the normals are derived. */
const bundledNetwork = 'fastdepth';

const colours = z.enum(['normalbae', 'midas']);
const derived = z.strictObject({
  network: z.literal(bundledNetwork),
  colours,
  background_threshold: z.number(),
  strength: z.number(),
});
const seen = z.strictObject({ network: networkId, colours });

export const normalOptions = z
  .strictObject({
    network: networkId
      .default(bundledNetwork)
      .describe(
        'fastdepth, from whose depth the normals are derived, or the id of a pulled network that sees surfaces, such as metric3d-vit-small (armature models pull metric3d-vit-small).',
      ),
    colours: colours
      .default('normalbae')
      .describe(
        'What the colours mean. normalbae: red left, green up, blue to the front, as ControlNet 1.1 expects; midas: red to the front, blue left, as ControlNet 1.0 expects.',
      ),
    background_threshold: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        'Only with fastdepth. Where the nearness (0 farthest, 1 nearest) lies below this, the surface is drawn as facing the camera.',
      )
      .meta({ default: 0.1 }),
    strength: z
      .number()
      .min(0.05)
      .max(20)
      .optional()
      .describe(
        'Only with fastdepth. How steep the relief is taken to be. Higher turns more surfaces away from the camera.',
      )
      .meta({ default: 1 }),
  })
  .superRefine(({ network, background_threshold, strength }, context) => {
    if (network === bundledNetwork) return;
    for (const [name, value] of Object.entries({ background_threshold, strength })) {
      if (value === undefined) continue;
      context.addIssue({
        code: 'custom',
        path: [name],
        message: `it has no effect without "network": "${bundledNetwork}"`,
      });
    }
  })
  .transform(({ network, colours: chosen, background_threshold = 0.1, strength = 1 }) =>
    network === bundledNetwork
      ? { network, colours: chosen, background_threshold, strength }
      : { network, colours: chosen },
  )
  .pipe(z.union([derived, seen]));

export type NormalOptions = z.output<typeof normalOptions>;
export type DerivedOptions = z.output<typeof derived>;

export function normalNetworks({ network }: NormalOptions): readonly string[] {
  return [network];
}
