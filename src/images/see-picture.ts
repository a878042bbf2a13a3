import { type Beyond, cut, type Frame } from '../pixels/frame.ts';
import { shortSideSize } from '../generation/given-picture.ts';
import type { Size } from '../numeric/size.ts';
import type { ResizeMode } from '../pixels/resize-mode.ts';
import type { MaskedImage, RgbImage } from '../pixels/rgb-image.ts';
import { decodeMasked, decodePicture } from './decode.ts';
import { cubic, resampleWindow } from '../numeric/resample.ts';
import { resizeMap, resizeMask, resizePhoto } from './resize.ts';

/** A picture file, and the file of the mask beside it where there is one. */
export interface PictureFiles {
  readonly picture: Uint8Array;
  readonly mask?: Uint8Array | undefined;
}

/** How a picture is looked at. */
export interface PictureView {
  /** What it is, which says how it is brought to another size. */
  readonly as: keyof typeof resizings;
  /** What lies beneath what is transparent; `masked`: that is masked, and so is what the mask beside the picture shows white. */
  readonly transparency: 'masked' | 'white' | 'black';
  /** What of it is seen: a frame, or all of it, of which the short side may be given in pixels; null: at its own size. */
  readonly within:
    | { readonly frame: Frame; readonly resize: ResizeMode }
    | { readonly shortSide: number | null }
    /** The middle of it as CLIP sees it, so many pixels across and down. */
    | { readonly clip: number };
}

/** How a kind of picture is brought to another size. */
const resizings = { photo: resizePhoto, map: resizeMap, mask: resizeMask } as const;

/**
 * Decodes a picture and brings it to the size at which it is seen.
 *
 * @throws ArmatureError `invalid_image`, `image_too_large`; `invalid_request` where a short side makes too many pixels.
 */
export async function seePicture(files: PictureFiles, { as, transparency, within }: PictureView): Promise<MaskedImage> {
  const picture =
    transparency === 'masked'
      ? await readMasked(files)
      : await decodePicture(files.picture, undefined, { background: transparency });
  const resize = resizings[as];
  if ('frame' in within) {
    // Of what lies beyond a photograph its border is as good a guess as any; a map says nothing there.
    const beyond = transparency === 'masked' ? 'masked' : as === 'photo' ? 'border' : 'black';
    return await intoFrame(picture, within.frame, within.resize, { resize, beyond });
  }
  if ('clip' in within) return clipView(picture, within.clip);
  const { shortSide } = within;
  return shortSide === null
    ? picture
    : await resize(picture, shortSideSize(picture, shortSide, 'resolution'), 'stretch');
}

/** The middle of a picture at the size that CLIP's vision tower takes: Pillow's bicubic to the short side, then cut (transformers' CLIPImageProcessor). */
export function clipView({ data, width, height }: RgbImage, size: number): RgbImage {
  const short = Math.min(width, height);
  const side = (length: number): number => Math.trunc((size * length) / short);
  const resized = { width: side(width), height: side(height) };
  const box = {
    x: Math.trunc((resized.width - size) / 2),
    y: Math.trunc((resized.height - size) / 2),
    width: size,
    height: size,
  };
  return { width: size, height: size, data: resampleWindow(data, { width, height }, resized, box, 3, cubic) };
}

/**
 * What a picture shows of a frame, at its working size: brought to the source's size as `mode` says, cut, and brought to the
 * working size. A picture of the source's size, in the frame of all of it, is returned as it is, bit for bit.
 */
async function intoFrame(
  picture: MaskedImage,
  { source, box, working }: Frame,
  mode: ResizeMode,
  {
    resize,
    beyond,
  }: {
    readonly resize: (picture: MaskedImage, target: Size, mode: ResizeMode) => Promise<MaskedImage>;
    readonly beyond: Beyond;
  },
): Promise<MaskedImage> {
  return await resize(cut(await resize(picture, source, mode), box, beyond), working, 'stretch');
}

async function readMasked({ picture: bytes, mask }: PictureFiles): Promise<MaskedImage> {
  const picture = await decodeMasked(bytes);
  if (mask === undefined) return picture;
  const { data } = await decodePicture(mask, undefined, { background: 'black' });
  return { ...picture, masked: unite(picture.masked, data) };
}

/** Masked, or white in the mask beside it: its green channel, which is most of what is seen as brightness, above a half. */
function unite(masked: Uint8Array | undefined, mask: Uint8Array): Uint8Array {
  const united = new Uint8Array(mask.length / 3);
  for (let i = 0; i < united.length; i++) united[i] = masked?.[i] === 1 || mask[i * 3 + 1]! > 127 ? 1 : 0;
  return united;
}
