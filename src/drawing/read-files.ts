import type { SourcePicture } from '../generation/planned-control.ts';
import type { PictureFiles } from '../images/see-picture.ts';
import type { ObjectStore } from '../store/store.ts';

/** The file of a picture, and that of the mask beside it where it has one. */
export async function readFiles(
  store: Pick<ObjectStore, 'get'>,
  { image, mask }: SourcePicture,
): Promise<PictureFiles> {
  const [picture, beside] = await Promise.all([store.get(image.key), mask && store.get(mask.key)]);
  return { picture, mask: beside };
}
