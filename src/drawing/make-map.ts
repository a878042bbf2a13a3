import type { ConditionMap } from '../conditions/contract/condition.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import { shortSideSize } from '../generation/given-picture.ts';
import type { PlannedControl } from '../generation/plan.ts';
import type { PictureDecoder } from '../images/decoder/decoder.ts';
import { resizeMap, resizePhoto } from '../images/resize.ts';
import type { ControlInputs } from '../pipeline/controls/control-work.ts';
import type { ObjectStore } from '../store/store.ts';
import { fitStructure } from './fit-structure.ts';
import { readPicture } from './read-picture.ts';
import { remarksOnExtraction, remarksOnMap } from './remarks.ts';
import type { MaskedImage } from '../pixels/rgb-image.ts';
import type { Size } from '../numeric/size.ts';

/** What making maps needs. */
export interface MapParts {
  readonly store: Pick<ObjectStore, 'get'>;
  readonly extractor: ExtractorProcess;
  /** Without one pictures are decoded in this very process. */
  readonly decoder?: PictureDecoder;
}

/** The map of a control, and what is known of it. */
export type MadeMap = Omit<ControlInputs, 'region'>;

/**
 * The map of one control at exactly the generation's size. A photograph is resized first and then extracted from, so that
 * the map has the picture's own pixels; a ready-made map is resized by a rule that keeps its kind (edges stay edges,
 * classes stay classes); structure as data is drawn where a picture of its canvas would come to lie.
 */
export async function makeMap(
  { store, extractor, decoder }: MapParts,
  control: PlannedControl,
  size: Size,
  signal: AbortSignal,
): Promise<MadeMap> {
  if (control.structure !== null) {
    const json = parseJson(await store.get(control.image.key));
    const fitted = fitStructure(control.structure, json, size, control.resize);
    const drawn = await extractor.render(control.structure, fitted, size, signal);
    return { map: drawn.map, data: drawn.data, remarks: remarksOnExtraction(control.type, drawn) };
  }
  if (control.preprocess === false) {
    const picture = await readPicture(store, control, 'black', decoder);
    const map = await resizeMap(picture, size, control.resize);
    const data = control.data === null ? undefined : parseJson(await store.get(control.data.key));
    return { map, data, remarks: remarksOnMap(control.type, map) };
  }
  const photo = await readPicture(store, control, 'white', decoder);
  const { seen, result } = await extractAt(extractor, { ...control, options: control.preprocess }, photo, size, signal);
  return { map: result.map, data: result.data, remarks: remarksOnExtraction(control.type, result, seen) };
}

/** How a control's condition is extracted. */
export interface Extraction extends Pick<PlannedControl, 'type' | 'resolution' | 'resize'> {
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Extracts a map of exactly `size`: the extractor sees the picture at that size, or with the short side `resolution`, and
 * then its map is resized. `seen` is the picture as the extractor saw it.
 */
export async function extractAt(
  extractor: ExtractorProcess,
  { type, options, resolution, resize }: Extraction,
  picture: MaskedImage,
  size: Size,
  signal: AbortSignal,
): Promise<{ readonly seen: MaskedImage; readonly result: ConditionMap }> {
  const frame = resolution === null ? size : shortSideSize(size, resolution, 'resolution');
  const seen = await resizePhoto(picture, frame, resize);
  const extracted = await extractor.extract(type, seen, options, signal);
  return { seen, result: { ...extracted, map: await resizeMap(extracted.map, size, 'stretch') } };
}

function parseJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
}
