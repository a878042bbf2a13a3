import { readSourceType } from './source-type.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import { decodeAlpha, decodePicture } from './decode.ts';

/** A picture file with all that is kept of it where it is made anew. */
export interface WholePicture {
  readonly image: AlphaImage;
  /** Term of IPTC for how it was made, such as `trainedAlgorithmicMedia`; null where it does not say. */
  readonly sourceType: string | null;
}

/** Reads a picture; where it is wanted opaque, what is transparent lies over white. @throws ArmatureError `invalid_image`, `image_too_large` */
export async function readWholePicture(
  bytes: Uint8Array,
  { opaque }: { readonly opaque: boolean },
): Promise<WholePicture> {
  const image = opaque ? ({ ...(await decodePicture(bytes)), channels: 3 } as const) : await decodeAlpha(bytes);
  return { image, sourceType: await readSourceType(bytes) };
}
