import type { MaskedImage } from '../pixels/rgb-image.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import { shortSideSize } from '../generation/given-picture.ts';
import type { ExtractionPlan } from '../generation/kinds/extraction/plan.ts';
import { resizePhoto } from '../images/resize.ts';
import type { MadeMap } from '../pipeline/controls/control-work.ts';
import { refuseStrictly, remarksOnExtraction } from './remarks.ts';

/** The map of a picture at the picture's own size, or with the short side that the plan asks for. */
export async function extractMap(
  extractor: ExtractorProcess,
  { condition, options, resolution, strict }: Omit<ExtractionPlan, 'kind' | 'image' | 'imageMask' | 'output'>,
  picture: MaskedImage,
  signal: AbortSignal,
): Promise<MadeMap> {
  const seen =
    resolution === null
      ? picture
      : await resizePhoto(picture, shortSideSize(picture, resolution, 'resolution'), 'stretch');
  const result = await extractor.extract(condition, seen, options, signal);
  const remarks = remarksOnExtraction(condition, result, seen);
  if (strict) refuseStrictly(remarks, 'image');
  return { map: result.map, data: result.data, remarks };
}
