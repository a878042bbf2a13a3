import { twoValued } from '../contract/colour-statistics.ts';
import type { Check } from '../contract/inspect-map.ts';

export const checkThresholdMap: Check = ({ black, white }) =>
  black + white < twoValued ? 'the map looks like a photograph; areas of black and white are expected.' : undefined;
