import { conditionOf } from '../conditions/registry.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import { shortSideSize } from '../generation/given-picture.ts';
import type { PlannedControl } from '../generation/planned-control.ts';
import { decodeHere, type PictureDecoder } from '../images/decoder/decoder.ts';
import type { PictureView } from '../images/see-picture.ts';
import type { Size } from '../numeric/size.ts';
import type { FoundControl, MadeMap } from '../pipeline/controls/control-work.ts';
import { type Frame, frameAt } from '../pixels/frame.ts';
import type { ObjectStore } from '../store/store.ts';
import { fitStructure } from './fit-structure.ts';
import { readFiles } from './read-files.ts';
import { seePictures } from './see-pictures.ts';
import { remarksOnExtraction, remarksOnMap } from './remarks.ts';

/** What making maps needs. */
export interface MapParts {
  readonly store: Pick<ObjectStore, 'get'>;
  readonly extractor: ExtractorProcess;
  /** Without one pictures are decoded in this very process. */
  readonly decoder?: PictureDecoder;
}

/**
 * The map of one control in a frame, exactly of its working size, or the pictures of an image prompt. A photograph is resized first and then extracted from, so that
 * the map has the picture's own pixels; a ready-made map is resized by a rule that keeps its kind (edges stay edges,
 * classes stay classes); structure as data is drawn where a picture of its canvas would come to lie.
 */
export async function makeMap(
  { store, extractor, decoder = decodeHere }: MapParts,
  { type, source, resize, encoder }: Pick<PlannedControl, 'type' | 'source' | 'resize'> & Pick<FoundControl, 'encoder'>,
  frame: Frame,
  signal: AbortSignal,
): Promise<MadeMap> {
  switch (source.kind) {
    case 'pictures':
      return await seePictures({ store, decoder }, source, encoder);
    case 'structure': {
      const json = parseJson(await store.get(source.json.key));
      const fitted = fitStructure(source.structure, json, frame, resize);
      const drawn = await extractor.render(source.structure, fitted, frame.working, signal);
      return { map: drawn.map, data: drawn.data, remarks: remarksOnExtraction(type, drawn) };
    }
    case 'map': {
      const view = viewOf(type, 'map', { frame, resize });
      const map = await decoder.see(await readFiles(store, source), view);
      const data = source.data === null ? undefined : parseJson(await store.get(source.data.key));
      return { map, data, remarks: remarksOnMap(type, map) };
    }
    case 'photo': {
      const seenIn = frameAt(frame, seenSize(frame.working, source.resolution));
      const seen = await decoder.see(await readFiles(store, source), viewOf(type, 'photo', { frame: seenIn, resize }));
      const sizes = { map: frame.working };
      const result = await extractor.extract(type, seen, source.preprocess, signal, sizes);
      return { map: result.map, data: result.data, remarks: remarksOnExtraction(type, result, seen) };
    }
  }
}

/** The size at which an extractor sees what is drawn at `working`: that, or with the short side `resolution`. */
export function seenSize(working: Size, resolution: number | null): Size {
  return resolution === null ? working : shortSideSize(working, resolution, 'resolution');
}

/**
 * How the picture of a control or an extraction for condition `type` is looked at. Where that has such a thing, what is transparent is
 * masked; elsewhere it lies over white in a photograph, and over black in a map.
 */
export function viewOf(type: string, as: 'photo' | 'map', within: PictureView['within']): PictureView {
  const beneath = as === 'photo' ? 'white' : 'black';
  return { as, transparency: conditionOf(type).masked === true ? 'masked' : beneath, within };
}

function parseJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
}
