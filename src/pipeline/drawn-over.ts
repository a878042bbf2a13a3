import type { MaskFill, MaskMode } from '../generation/request/choices.ts';

/** A picture as the autoencoder has it. */
export interface EncodedPicture {
  /** Where its latents lie, before scaling: C x h x w values each. */
  readonly mean: Float32Array;
  /** Logarithms of the variances. */
  readonly logvar: Float32Array;
  /** Latents of the denoiser are latents of the autoencoder times this. */
  readonly scalingFactor: number;
}

/** A picture that a pass draws over. All samples of the pass share it. */
export interface DrawnOver extends EncodedPicture {
  /** Which part of it is drawn anew; null where all of it is. */
  readonly repaint: Repaint | null;
}

export interface Repaint {
  /** h x w values, 0 .. 1: 1 where it is drawn anew. Only 0 and 1 where the mode is hard. */
  readonly mask: Float32Array;
  readonly mode: MaskMode;
  /** What drawing begins with there; null where the whole pass begins with noise alone, and nothing of the picture shows. */
  readonly fill: MaskFill | null;
}

/**
 * Latents of the denoiser for the picture: mean + deviation x `normals`, scaled. C x h x w values, a new array. Drawing the normals
 * from the sample's own generator is what diffusers does too.
 */
export function latentsOf({ mean, logvar, scalingFactor }: EncodedPicture, normals: Float32Array): Float32Array {
  return mean.map((value, i) => {
    const deviation = Math.exp((logvar[i] ?? 0) / 2);
    return (value + deviation * (normals[i] ?? 0)) * scalingFactor;
  });
}

/**
 * The picture's latents as drawing begins with them where they are drawn anew (the masked content of A1111). `original` and `blur`
 * leave them: blurring was done to the pixels.
 */
export function filled(fill: MaskFill, original: Float32Array, noise: Float32Array, mask: Float32Array): Float32Array {
  if (fill === 'original' || fill === 'blur') return original;
  const put = fill === 'latent_noise' ? noise : null;
  return original.map((value, i) => {
    const weight = mask[i % mask.length] ?? 0;
    return value * (1 - weight) + (put?.[i] ?? 0) * weight;
  });
}
