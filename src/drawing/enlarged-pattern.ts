import type { Size } from '../numeric/size.ts';
import { marginsOf, repeated, type Tiling } from '../numeric/wrap.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';

/** Pixels beyond an edge that have a part in what is made of the pixels at it: networks see the furthest. */
const reach = 32;

/** A picture enlarged to a size; where its edges meet, it is enlarged with what goes on beyond them. */
export async function enlargedPattern(
  picture: AlphaImage,
  to: Size,
  tiling: Tiling | undefined,
  enlarge: (picture: AlphaImage, to: Size) => Promise<AlphaImage>,
): Promise<AlphaImage> {
  if (tiling === undefined) return await enlarge(picture, to);
  const { width, height, channels, data } = picture;
  const { before, after } = marginsOf(picture, to, tiling, reach);
  const around = { x: -before.x, y: -before.y, width: width + 2 * before.x, height: height + 2 * before.y };
  const seen = repeated(data, picture, around, channels, new Uint8Array(around.width * around.height * channels));
  const made = await enlarge(
    { width: around.width, height: around.height, channels, data: seen },
    { width: to.width + 2 * after.x, height: to.height + 2 * after.y },
  );
  const out = new Uint8Array(to.width * to.height * channels);
  return { ...to, channels, data: repeated(made.data, made, { ...after, ...to }, channels, out) };
}
