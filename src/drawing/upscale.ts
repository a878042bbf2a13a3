import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import type { PlannedUpscaler } from '../generation/upscaler.ts';
import type { Size } from '../numeric/size.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';

/** What upscaling needs. */
export interface UpscaleParts {
  readonly extractor: ExtractorProcess;
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
