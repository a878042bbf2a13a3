import { z } from 'zod';
import type { ForLatents } from '../../../generation/models/for-latents.ts';
import type { AnyFoundModel } from '../../../generation/models/model.ts';

/** What GET /v1/models says of every model that is for the latents of others. */
export const latentFields = {
  id: z.string(),
  title: z.string(),
  licence: z.string().nullable(),
  hash: z.string(),
  latent_channels: z.int(),
  latent_scale: z.int().describe('Pixels a latent cell, across and down'),
  fits: z
    .array(z.string())
    .nullable()
    .describe('Families and base models whose latents it is said to be for; null where nobody says it'),
} as const;

export function latentView(model: AnyFoundModel & ForLatents) {
  const { id, title, licence, hash, latentChannels, latentScale, fits } = model;
  return {
    id,
    title,
    licence,
    hash,
    latent_channels: latentChannels,
    latent_scale: latentScale,
    fits: fits === null ? null : [...fits],
  };
}
