import { condition } from '../contract/condition.ts';
import { hardEdges } from '../contract/line-maps.ts';
import { scribbleNetworks, scribbleOptions } from './options.ts';

export const scribbleCondition = condition({
  id: 'scribble',
  title: 'Scribble',
  description:
    'Rough white strokes on black. Made from a photograph by HED or by a difference of Gaussians, from a drawing, or sent as a map.',
  options: scribbleOptions,
  networks: scribbleNetworks,
  unionType: 2,
  publicNames: /scribble|sketch/,
  forPhotographs: ({ from }) => from !== 'drawing',
  checkMap: hardEdges,
  fidelity: async () => (await import('../fidelity/measures.ts')).edges,
  load: async () => (await import('./scribble.ts')).scribble,
});
