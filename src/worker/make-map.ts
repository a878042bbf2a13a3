import type { ConditionMap, RgbImage } from '../conditions/condition.ts';
import { inspectMap } from '../conditions/inspect-map.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import type { PlannedControl } from '../generation/plan.ts';
import { decodePicture, defaultPictureLimits } from '../images/decode.ts';
import { resizeMap, resizePhoto } from '../images/resize.ts';
import type { ObjectStore } from '../store/store.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The map of one control at exactly the generation's size. A photograph is resized first and then extracted from, so that
 * the map has the picture's own pixels; a ready-made map is resized by a rule that keeps its kind (edges stay edges,
 * classes stay classes).
 */
export async function makeMap(
  { store, extractor }: { readonly store: Pick<ObjectStore, 'get'>; readonly extractor: ExtractorProcess },
  control: PlannedControl,
  size: Size,
  signal: AbortSignal,
): Promise<ConditionMap> {
  const bytes = await store.get(control.image.key);
  if (control.preprocess === false) {
    const map = await resizeMap(
      await decodePicture(bytes, defaultPictureLimits, { background: 'black' }),
      size,
      control.resize,
    );
    return { map, warnings: inspectMap(control.type, map) };
  }
  const picture = await decodePicture(bytes);
  const photo: RgbImage = await resizePhoto(picture, size, control.resize);
  return await extractor.extract(control.type, photo, control.preprocess, signal);
}
