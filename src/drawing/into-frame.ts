import type { Size } from '../numeric/size.ts';
import { cut, type Frame } from '../pixels/frame.ts';
import type { ResizeMode } from '../pixels/resize-mode.ts';
import type { MaskedImage } from '../pixels/rgb-image.ts';

/** How a kind of picture is brought to another size: as a photograph, a map or a mask. */
type Resizing = (picture: MaskedImage, target: Size, mode: ResizeMode) => Promise<MaskedImage>;

/**
 * What a picture shows of a frame, at its working size: brought to the source's size as `mode` says, cut, and brought to the
 * working size. A picture of the source's size, in the frame of all of it, is returned as it is, bit for bit.
 */
export async function intoFrame(
  picture: MaskedImage,
  { source, box, working }: Frame,
  mode: ResizeMode,
  resize: Resizing,
): Promise<MaskedImage> {
  return await resize(cut(await resize(picture, source, mode), box), working, 'stretch');
}
