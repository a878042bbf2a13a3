import { z } from 'zod';
import type { VaeModel } from '../../../generation/models/vae.ts';
import { latentFields, latentView } from '../contract/latent-view.ts';
import { modelView } from '../contract/kind.ts';

export const vaeView = modelView({
  list: 'vaes',
  says: 'Autoencoders that base models can be drawn with in place of their own',
  component: 'Autoencoder',
  fields: {
    ...latentFields,
    scaling_factor: z
      .number()
      .nullable()
      .describe(
        "Latents of the denoiser are its latents times this; null where its files do not say: the base model's",
      ),
  },
  show: (model: VaeModel) => ({ ...latentView(model), scaling_factor: model.scalingFactor }),
});
