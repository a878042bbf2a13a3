import { condition } from '../contract/condition.ts';
import { softLines } from '../contract/line-maps.ts';
import { softedgeOptions } from './options.ts';

export const softedgeCondition = condition({
  id: 'softedge',
  title: 'Soft edges (HED)',
  description:
    'Soft outlines: grey to white on black, the brighter the surer. Extracted from a photograph by HED, or sent as a map.',
  options: softedgeOptions,
  networks: () => ['hed'],
  unionType: 2,
  publicNames: /soft_?edge|hed|pidi/,
  checkMap: softLines,
  fidelity: async () => (await import('../fidelity/measures.ts')).softEdges,
  load: async () => (await import('./softedge.ts')).softedge,
});
