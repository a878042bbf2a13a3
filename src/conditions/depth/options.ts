import { z } from 'zod';

import { networkId } from '../networks/network-id.ts';

/** The network that comes with the package. */
export const bundledNetwork = 'fastdepth';

const percentile = z.number().min(0).max(100);

export const depthOptions = z
  .strictObject({
    network: networkId
      .default(bundledNetwork)
      .describe(
        'fastdepth, or the id of a pulled network such as depth-anything-v2-small (armature models pull depth-anything-v2-small).',
      ),
    far: percentile
      .default(2)
      .describe('Percentile of nearness that becomes black: 2 leaves the farthest 2 % of the picture black.'),
    near: percentile
      .default(98)
      .describe('Percentile of nearness that becomes white: 98 leaves the nearest 2 % of the picture white.'),
    gamma: z
      .number()
      .min(0.1)
      .max(10)
      .default(1)
      .describe('Exponent of the grey level: below 1 brightens the middle distances, above 1 darkens them.'),
    invert: z.boolean().default(false).describe('Near is black and far is white.'),
  })
  .refine((options) => options.far < options.near, { path: ['far'], error: 'far must be below near' });

export type DepthOptions = z.output<typeof depthOptions>;

/** How nearness becomes grey. */
export type DepthLevels = Omit<DepthOptions, 'network'>;

export function depthNetworks({ network }: DepthOptions): readonly string[] {
  return [network];
}
