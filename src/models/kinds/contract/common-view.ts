import { z } from 'zod';
import type { FoundModel } from '../../../generation/models/model.ts';

/** What GET /v1/models says of every model with networks of a family. */
export const commonFields = {
  id: z.string(),
  title: z.string(),
  licence: z.string().nullable(),
  hash: z.string(),
  family: z
    .object({
      name: z.enum(['sd1', 'sd2', 'sdxl', 'other']),
      context_width: z.int(),
      latent_channels: z.int(),
      block_channels: z.array(z.int()),
      layers_per_block: z.int(),
    })
    .meta({ id: 'Family' }),
} as const;

export function commonView({ id, title, licence, hash, family }: FoundModel) {
  return {
    id,
    title,
    licence,
    hash,
    family: {
      name: family.name,
      context_width: family.contextWidth,
      latent_channels: family.latentChannels,
      block_channels: [...family.blockChannels],
      layers_per_block: family.layersPerBlock,
    },
  };
}
