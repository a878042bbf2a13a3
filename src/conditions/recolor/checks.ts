import type { Check } from '../contract/inspect-map.ts';

export const checkRecolorMap: Check = ({ coloured }) =>
  coloured > 0.05 ? 'the map has colours; brightness is expected in grey.' : undefined;
