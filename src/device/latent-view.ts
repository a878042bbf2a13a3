import type { RgbImage } from '../pixels/rgb-image.ts';
import { askedLatents, colouredLatents, fitColours, type LatentColours } from '../pipeline/latent-colours.ts';
import type { LatentDecoder } from '../pipeline/networks/networks.ts';
import type { LatentShape } from '../pipeline/pass.ts';
import { pictureFrom } from '../pipeline/pixels.ts';

/** Latents of the denoiser as a picture to be looked at while it is drawn. */
export type LatentView = (latents: Float32Array, shape: LatentShape) => Promise<RgbImage>;

/** As a decoder has them, at its size. */
export function decodedView(decoder: LatentDecoder): LatentView {
  return async (latents, shape) => pictureFrom(await decodeLatents(decoder, latents, shape));
}

/**
 * Colours of latents by a linear map, which is fitted to a decoder when it is first asked for and kept for as long as the process lives,
 * by the decoder's key, which holds the hash of its weights.
 */
export class ColouredViews {
  readonly #maps = new Map<string, LatentColours>();

  /** One pixel a cell. The first picture costs a decode of 32 x 32 cells. */
  of(decoder: LatentDecoder): LatentView {
    return async (latents, shape) => {
      // Who comes while another one fits them does so too: the other one may wait for the turn that he has.
      const colours = this.#maps.get(decoder.key) ?? (await fit(decoder, shape[0]));
      this.#maps.set(decoder.key, colours);
      return colouredLatents(colours, latents, shape);
    };
  }
}

async function fit(decoder: LatentDecoder, channels: number): Promise<LatentColours> {
  const asked = askedLatents(channels);
  const [, , height = 0, width = 0] = asked.dims;
  return fitColours(asked, await decodeLatents(decoder, asked.data, [channels, height, width]));
}

/** Latents of the denoiser, C x h x w, as the decoder's picture of them [1, 3, 8h, 8w], about -1..1. */
export async function decodeLatents(decoder: LatentDecoder, latents: Float32Array, shape: LatentShape) {
  const { scalingFactor } = decoder;
  return await decoder.decode({ dims: [1, ...shape], data: latents.map((value) => value / scalingFactor) });
}
