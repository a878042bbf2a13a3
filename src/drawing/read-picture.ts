import type { MaskedImage } from '../pixels/rgb-image.ts';
import { conditionOf } from '../conditions/registry.ts';
import type { SourcePicture } from '../generation/plan.ts';
import { decodeHere, type PictureDecoder } from '../images/decoder/decoder.ts';
import type { ObjectStore } from '../store/store.ts';

/**
 * Decodes the picture of a control or an extraction for condition `type`. Where that has such a thing, what is transparent is masked, and
 * what the mask beside it shows white; elsewhere transparency is laid over `background`.
 */
export async function readPicture(
  store: Pick<ObjectStore, 'get'>,
  type: string,
  { image, mask }: SourcePicture,
  background: 'white' | 'black',
  decoder: PictureDecoder = decodeHere,
): Promise<MaskedImage> {
  const bytes = await store.get(image.key);
  if (conditionOf(type).masked !== true) return await decoder.decode(bytes, { background });
  const picture = await decoder.decodeMasked(bytes);
  if (mask === undefined) return picture;
  const { data } = await decoder.decode(await store.get(mask.key), { background: 'black' });
  return { ...picture, masked: unite(picture.masked, data) };
}

/** Masked, or white in the mask beside it: its green channel, which is most of what is seen as brightness, above a half. */
function unite(masked: Uint8Array | undefined, mask: Uint8Array): Uint8Array {
  const united = new Uint8Array(mask.length / 3);
  for (let i = 0; i < united.length; i++) united[i] = masked?.[i] === 1 || mask[i * 3 + 1]! > 127 ? 1 : 0;
  return united;
}
