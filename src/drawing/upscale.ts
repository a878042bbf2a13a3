import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import type { UpscalePlan } from '../generation/kinds/upscale/plan.ts';
import type { PlannedUpscaler } from '../generation/plan.ts';
import { decodeHere, type PictureDecoder } from '../images/decoder/decoder.ts';
import type { WholePicture } from '../images/read-whole.ts';
import type { Size } from '../numeric/size.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import type { ObjectStore } from '../store/store.ts';

/** What upscaling needs. */
export interface UpscaleParts {
  readonly extractor: ExtractorProcess;
}

/** The picture of an upscale with all that its output can hold of it. */
export async function readWhole(
  { store, decoder = decodeHere }: { readonly store: Pick<ObjectStore, 'get'>; readonly decoder?: PictureDecoder },
  { image, output }: UpscalePlan,
): Promise<WholePicture> {
  return await decoder.whole(await store.get(image.key), { opaque: output.format === 'jpeg' });
}

/** A picture at another size by an upscaler. @throws the reason of `signal` where that aborts, and what the extractor throws */
export async function upscale(
  { extractor }: UpscaleParts,
  { id }: PlannedUpscaler,
  picture: AlphaImage,
  size: Size,
  signal: AbortSignal,
): Promise<AlphaImage> {
  return await extractor.enlarge(id, picture, size, signal);
}
