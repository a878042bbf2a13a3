import type { ForLatents } from './for-latents.ts';
import type { AnyFoundModel } from './model.ts';

/** An autoencoder of its own, which a base model can be drawn with in place of its own. */
export interface VaeModel extends AnyFoundModel, ForLatents {
  readonly kind: 'vae';
  /** Latents of the denoiser are its latents times this; null where its files do not say. */
  readonly scalingFactor: number | null;
}
