import type { Check } from '../contract/inspect-map.ts';

export const checkPoseMap: Check = ({ black }) =>
  black < 0.5 ? 'the map looks like a photograph; a pose is expected in coloured limbs on black.' : undefined;
