import { z } from 'zod';
import { decoders } from './choices.ts';
import { fieldOptions } from './request-fields.ts';
import { id } from './scalars.ts';

/** What brings pictures to latents and back. */
export const autoencoderFields = {
  vae: id
    .optional()
    .describe(
      "Autoencoder in the place of the model's own: an id that GET /v1/models lists, or that of the model itself for its own. Left out, it is the one that the model is set to, or else its own",
    )
    .register(fieldOptions, { flag: '--vae <id>', says: "autoencoder in the place of the model's own" }),
  decoder: z
    .enum(decoders)
    .default('vae')
    .describe(
      'What makes pictures of the latents: the autoencoder, or a TAESD that is said to fit the model, which is much faster and a little less exact',
    )
    .register(fieldOptions, {
      flag: '--decoder <name>',
      says: 'vae (the default), or taesd: much faster, a little less exact',
    }),
};
