import { condition } from '../contract/condition.ts';
import { softLines } from '../contract/line-maps.ts';
import { lineartNetworks, lineartOptions } from './options.ts';

export const lineartCondition = condition({
  id: 'lineart',
  title: 'Line art',
  description:
    'Lines as a draughtsman draws them: white on black, thin and soft. Made from a photograph or a line drawing by differences of Gaussians or by a pulled network, or sent as a map.',
  options: lineartOptions,
  networks: lineartNetworks,
  unionType: 3,
  publicNames: /line_?art/,
  checkMap: softLines,
  fidelity: async () => (await import('../fidelity/measures.ts')).softEdges,
  load: async () => (await import('./lineart.ts')).lineart,
});
