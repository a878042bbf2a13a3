import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import type { ExtractionPlan } from '../generation/kinds/extraction/plan.ts';
import { decodeHere } from '../images/decoder/decoder.ts';
import type { MadeMap } from '../pipeline/controls/control-work.ts';
import type { MaskedImage } from '../pixels/rgb-image.ts';
import { type MapParts, viewOf } from './make-map.ts';
import { readFiles } from './read-files.ts';
import { refuseStrictly, remarksOnExtraction } from './remarks.ts';

/** The picture of an extraction at its own size, or with the short side that the plan asks for. */
export async function seeExtraction(
  { store, decoder = decodeHere }: Pick<MapParts, 'store' | 'decoder'>,
  { condition, image, imageMask, resolution }: ExtractionPlan,
): Promise<MaskedImage> {
  const files = await readFiles(store, { image, mask: imageMask });
  return await decoder.see(files, viewOf(condition, 'photo', { shortSide: resolution }));
}

/** The map of a picture, at the size at which it is seen. */
export async function extractMap(
  extractor: ExtractorProcess,
  { condition, options, strict }: Pick<ExtractionPlan, 'condition' | 'options' | 'strict'>,
  seen: MaskedImage,
  signal: AbortSignal,
): Promise<MadeMap> {
  const result = await extractor.extract(condition, seen, options, signal);
  const remarks = remarksOnExtraction(condition, result, seen);
  if (strict) refuseStrictly(remarks, 'image');
  return { map: result.map, data: result.data, remarks };
}
