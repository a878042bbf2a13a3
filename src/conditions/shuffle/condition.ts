import { condition } from '../contract/condition.ts';
import { shuffleOptions } from './options.ts';

export const shuffleCondition = condition({
  id: 'shuffle',
  title: 'Content shuffle',
  description:
    'The picture with its places mixed up by a smooth random flow: its colours and textures steer, not its structure.',
  options: shuffleOptions,
  publicNames: /shuffle/,
  pooled: true,
  fidelity: { none: 'it steers colours and textures, and says nothing of what is where' },
  load: async () => (await import('./shuffle.ts')).shuffle,
});
