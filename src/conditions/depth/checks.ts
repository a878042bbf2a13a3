import type { Check } from '../contract/inspect-map.ts';
import { asItIs, type PhotoCheck } from '../contract/inspect-photo.ts';

export const checkDepthMap: Check = ({ coloured }) =>
  coloured > 0.05 ? 'the map has colours; depth is expected in grey, near is white and far is black.' : undefined;

export const depthPhoto: PhotoCheck = {
  id: 'depth',
  finished: ({ coloured }) =>
    coloured > 0.001 ? undefined : `the picture has no colours: if it is a depth map already, ${asItIs}.`,
};
