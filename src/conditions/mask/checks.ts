import { twoValued } from '../contract/colour-statistics.ts';
import type { Check } from '../contract/inspect-map.ts';
import { asItIs, type PhotoCheck } from '../contract/inspect-photo.ts';

export const checkMaskMap: Check = ({ black, white }) =>
  black + white < twoValued ? 'the map looks like a photograph; a mask is expected in white on black.' : undefined;

export const maskPhoto: PhotoCheck = {
  id: 'mask',
  finished: ({ black, white }) =>
    black + white < 0.98 ? undefined : `the picture already looks like a black and white mask; ${asItIs}.`,
};
