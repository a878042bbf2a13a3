import type { ForLatents } from './for-latents.ts';
import type { AnyFoundModel } from './model.ts';

/** A small decoder of the denoiser's latents. */
export interface TaesdModel extends AnyFoundModel, ForLatents {
  readonly kind: 'taesd';
}
