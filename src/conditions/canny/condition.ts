import { condition } from '../contract/condition.ts';
import { hardEdges } from '../contract/line-maps.ts';
import { cannyOptions } from './options.ts';

export const cannyCondition = condition({
  id: 'canny',
  title: 'Canny edges',
  description:
    'Hard outlines: white edges, one pixel wide, on black. Extracted from a photograph as OpenCV does, or sent as a map.',
  options: cannyOptions,
  unionType: 3,
  publicNames: /canny/,
  checkMap: hardEdges,
  fidelity: async () => (await import('../fidelity/measures.ts')).edges,
  load: async () => (await import('./canny.ts')).canny,
});
