import { type ColourStatistics, mostCounted } from '../contract/colour-statistics.ts';
import type { Check } from '../contract/inspect-map.ts';
import { asItIs, type PhotoCheck } from '../contract/inspect-photo.ts';

export const checkSegMap: Check = (colours) =>
  hasFlatAreas(colours)
    ? undefined
    : 'the map looks like a photograph; areas are expected in the flat colours of the ADE20K palette.';

export const segPhoto: PhotoCheck = {
  id: 'seg',
  finished: (colours) =>
    hasFlatAreas(colours) ? `the picture already looks like a map of areas in flat colours; ${asItIs}.` : undefined,
};

/**
 * Few colours are not enough: a grey photograph has 256 at most, one with a palette too. But from pixel to pixel it changes,
 * where 0.2 to 0.7 of the pixels repeat their neighbour and in maps of areas 0.98 and more.
 */
function hasFlatAreas({ distinct, repeated }: ColourStatistics): boolean {
  return distinct <= mostCounted && repeated > 0.8;
}
