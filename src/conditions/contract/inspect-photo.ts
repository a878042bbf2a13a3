import { type ColourStatistics, colourStatistics, twoValued } from './colour-statistics.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { Check } from './inspect-map.ts';

/** How an extractor looks at the picture that it is about to read. */
export interface PhotoCheck {
  /** Id of its condition. */
  readonly id: string;
  /** Whether the picture is a finished map already. */
  readonly finished: Check;
  /** The extractor says itself that it found nothing in a flat picture, as kernels do; networks find something everywhere. */
  readonly knowsFlat?: true;
}

export const asItIs = 'send "preprocess": false to use it as it is';

/** Looks whether a picture that an extractor is about to read shows nothing, or is a finished map already. */
export function inspectPhoto(check: PhotoCheck, image: RgbImage): readonly string[] {
  const colours = colourStatistics(image);
  const remark = colours.constant ? flatPicture(check) : check.finished(colours);
  return remark === undefined ? [] : [`${check.id}: ${remark}`];
}

function flatPicture({ knowsFlat }: PhotoCheck): string | undefined {
  if (knowsFlat === true) return undefined;
  return 'the picture is one flat colour, so there is nothing to extract; send a photograph.';
}

/** Of conditions whose maps are white edges on black. */
export function finishedEdges({ black, white }: ColourStatistics): string | undefined {
  if (black + white < twoValued || white > 0.5) return undefined;
  return `the picture already looks like an edge map (white on black) and edges were extracted from it again, which doubles every line; ${asItIs}.`;
}
