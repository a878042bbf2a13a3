import type { AnyFoundModel } from './model.ts';

/** A network that makes pictures larger. */
export interface UpscalerModel extends AnyFoundModel {
  readonly kind: 'upscaler';
  /** How many times as wide and as high; 1 leaves the size. */
  readonly scale: number;
}
