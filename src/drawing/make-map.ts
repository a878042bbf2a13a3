import type { ConditionMap } from '../conditions/contract/condition.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import { shortSideSize } from '../generation/given-picture.ts';
import type { PhotoSource, PlannedControl } from '../generation/plan.ts';
import type { PictureDecoder } from '../images/decoder/decoder.ts';
import { resizeMap, resizePhoto } from '../images/resize.ts';
import type { MadeMap } from '../pipeline/controls/control-work.ts';
import type { ObjectStore } from '../store/store.ts';
import { type Frame, frameAt } from '../pixels/frame.ts';
import { fitStructure } from './fit-structure.ts';
import { intoFrame } from './into-frame.ts';
import { readPicture } from './read-picture.ts';
import { remarksOnExtraction, remarksOnMap } from './remarks.ts';
import type { MaskedImage } from '../pixels/rgb-image.ts';

/** What making maps needs. */
export interface MapParts {
  readonly store: Pick<ObjectStore, 'get'>;
  readonly extractor: ExtractorProcess;
  /** Without one pictures are decoded in this very process. */
  readonly decoder?: PictureDecoder;
}

/**
 * The map of one control in a frame, exactly of its working size. A photograph is resized first and then extracted from, so that
 * the map has the picture's own pixels; a ready-made map is resized by a rule that keeps its kind (edges stay edges,
 * classes stay classes); structure as data is drawn where a picture of its canvas would come to lie.
 */
export async function makeMap(
  { store, extractor, decoder }: MapParts,
  { type, source, resize }: Pick<PlannedControl, 'type' | 'source' | 'resize'>,
  frame: Frame,
  signal: AbortSignal,
): Promise<MadeMap> {
  switch (source.kind) {
    case 'structure': {
      const json = parseJson(await store.get(source.json.key));
      const fitted = fitStructure(source.structure, json, frame, resize);
      const drawn = await extractor.render(source.structure, fitted, frame.working, signal);
      return { map: drawn.map, data: drawn.data, remarks: remarksOnExtraction(type, drawn) };
    }
    case 'map': {
      const picture = await readPicture(store, type, source, 'black', decoder);
      const map = await intoFrame(picture, frame, resize, resizeMap);
      const data = source.data === null ? undefined : parseJson(await store.get(source.data.key));
      return { map, data, remarks: remarksOnMap(type, map) };
    }
    case 'photo': {
      const photo = await readPicture(store, type, source, 'white', decoder);
      const extraction = { type, resize, options: source.preprocess, resolution: source.resolution };
      const { seen, result } = await extractAt(extractor, extraction, photo, frame, signal);
      return { map: result.map, data: result.data, remarks: remarksOnExtraction(type, result, seen) };
    }
  }
}

/** How a control's condition is extracted. */
export interface Extraction extends Pick<PlannedControl, 'type' | 'resize'>, Pick<PhotoSource, 'resolution'> {
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Extracts a map of exactly the frame's working size: the extractor sees the picture at that size, or with the short side
 * `resolution`, and then its map is resized. `seen` is the picture as the extractor saw it.
 */
export async function extractAt(
  extractor: ExtractorProcess,
  { type, options, resolution, resize }: Extraction,
  picture: MaskedImage,
  frame: Frame,
  signal: AbortSignal,
): Promise<{ readonly seen: MaskedImage; readonly result: ConditionMap }> {
  const { working } = frame;
  const seenAt = resolution === null ? working : shortSideSize(working, resolution, 'resolution');
  const seen = await intoFrame(picture, frameAt(frame, seenAt), resize, resizePhoto);
  const extracted = await extractor.extract(type, seen, options, signal);
  return { seen, result: { ...extracted, map: await resizeMap(extracted.map, working, 'stretch') } };
}

function parseJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
}
