import { condition } from '../contract/condition.ts';
import { hardEdges } from '../contract/line-maps.ts';
import { mlsdOptions } from './options.ts';

export const mlsdCondition = condition({
  id: 'mlsd',
  title: 'Straight lines (M-LSD)',
  description:
    'Straight lines only, white and one pixel wide on black: buildings, rooms, furniture. Found in a photograph by M-LSD, or sent as a map.',
  options: mlsdOptions,
  networks: () => ['mlsd_512_large'],
  unionType: 3,
  publicNames: /mlsd/,
  checkMap: hardEdges,
  fidelity: async () => (await import('../fidelity/measures.ts')).edges,
  load: async () => (await import('./mlsd.ts')).mlsd,
});
