import type { PlannedInit } from '../generation/plan.ts';
import { decodeHere, type PictureDecoder } from '../images/decoder/decoder.ts';
import { resizePhoto } from '../images/resize.ts';
import type { Frame } from '../pixels/frame.ts';
import type { RgbImage } from '../pixels/rgb-image.ts';
import type { ObjectStore } from '../store/store.ts';
import { intoFrame } from './into-frame.ts';

/**
 * The picture that a plan draws over, in a frame: exactly of its working size. What is transparent is white. A picture of the frame's own
 * size is taken as it is.
 */
export async function makeStart(
  store: Pick<ObjectStore, 'get'>,
  { image, resize }: PlannedInit,
  frame: Frame,
  decoder: PictureDecoder = decodeHere,
): Promise<RgbImage> {
  const picture = await decoder.decode(await store.get(image.key), { background: 'white' });
  const { width, height, data } = await intoFrame(picture, frame, resize, resizePhoto);
  return { width, height, data };
}
