import { condition } from '../contract/condition.ts';
import { tileOptions } from './options.ts';

export const tileCondition = condition({
  id: 'tile',
  title: 'Tile',
  description:
    'The picture itself, with less detail if wanted: the ControlNet keeps what is where and draws new detail.',
  options: tileOptions,
  unionType: 6,
  publicNames: /tile/,
  fidelity: async () => (await import('../fidelity/measures.ts')).likeness,
  load: async () => (await import('./tile.ts')).tile,
});
