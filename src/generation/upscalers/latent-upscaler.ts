import type { Interpolation } from '../../numeric/interpolate-planes.ts';

/** How latents are brought to another size without a picture in between, by id; upscalers of pictures are rows of src/pixels/upscalers. */
const latentUpscalers: Readonly<Record<string, Interpolation>> = Object.freeze({
  latent_nearest: 'nearest',
  latent_nearest_exact: 'nearest_exact',
  latent_bilinear: 'bilinear',
  latent_bilinear_antialiased: 'bilinear_antialiased',
  latent_bicubic: 'bicubic',
  latent_bicubic_antialiased: 'bicubic_antialiased',
});

export const latentUpscalerIds: readonly string[] = Object.keys(latentUpscalers);

/** What brings latents to a larger size where nothing else is asked for. */
export const defaultLatentUpscaler = 'latent_bilinear';

/** How an upscaler of that id interpolates latents; null where it is none of latents. */
export function latentInterpolation(id: string): Interpolation | null {
  return Object.hasOwn(latentUpscalers, id) ? latentUpscalers[id]! : null;
}
