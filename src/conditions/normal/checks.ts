import type { Check } from '../contract/inspect-map.ts';
import { asItIs, type PhotoCheck } from '../contract/inspect-photo.ts';

export const checkNormalMap: Check = ({ unit }) =>
  unit < 0.5 ? 'the map does not look like surface normals: its colours are not directions of length 1.' : undefined;

export const normalPhoto: PhotoCheck = {
  id: 'normal',
  finished: ({ unit }) => (unit < 0.9 ? undefined : `the picture already looks like a normal map; ${asItIs}.`),
};
