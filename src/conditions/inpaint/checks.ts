import type { Check } from '../contract/inspect-map.ts';

export const checkInpaintMap: Check = ({ masked }) => {
  if (masked === 0) return 'no part of the map is transparent, so nothing is to be drawn anew.';
  return masked === 1 ? 'all of the map is transparent, so that it steers nothing.' : undefined;
};
