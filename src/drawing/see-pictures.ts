import type { ImageEncoderModel } from '../generation/models/image-encoder.ts';
import type { PicturesSource } from '../generation/planned-control.ts';
import type { PictureDecoder } from '../images/decoder/decoder.ts';
import type { MadeMap } from '../pipeline/controls/control-work.ts';
import { besideEachOther } from '../pixels/beside-each-other.ts';
import type { RgbImage } from '../pixels/rgb-image.ts';
import type { ObjectStore } from '../store/store.ts';

/** The pictures of an image prompt as its encoder sees them, whatever the frame: squares, one beside the other. */
export async function seePictures(
  { store, decoder }: { readonly store: Pick<ObjectStore, 'get'>; readonly decoder: PictureDecoder },
  { images }: PicturesSource,
  encoder: ImageEncoderModel | undefined,
): Promise<MadeMap> {
  if (encoder === undefined) throw new RangeError('An image prompt is seen with an encoder');
  const view = { as: 'photo', transparency: 'white', within: { clip: encoder.imageSize } } as const;
  const seen: RgbImage[] = [];
  for (const { key } of images) seen.push(await decoder.see({ picture: await store.get(key) }, view));
  return { map: besideEachOther(seen), remarks: [] };
}
