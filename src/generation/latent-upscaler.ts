import { type Interpolation, interpolations } from '../numeric/interpolate-planes.ts';

/** What the ids of upscalers begin with that bring latents to another size, without a picture in between. */
const prefix = 'latent_';

/** Upscalers of latents; those of pictures are rows of src/pixels/upscalers. */
export const latentUpscalerIds: readonly string[] = interpolations.map((name) => `${prefix}${name}`);

/** How an upscaler of that id interpolates latents; null where it is none of latents. */
export function latentInterpolation(id: string): Interpolation | null {
  return interpolations.find((name) => id === `${prefix}${name}`) ?? null;
}
