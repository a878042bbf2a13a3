import { condition } from '../contract/condition.ts';
import { checkSegMap } from './checks.ts';
import { layout } from './structure.ts';
import { segNetworks, segOptions } from './options.ts';

export const segCondition = condition({
  id: 'seg',
  title: 'Segmentation (ADE20K)',
  description:
    'What is where: every area in the flat colour of its class in the ADE20K palette of 150 classes. From a photograph by DeepLab, which knows people, animals, vehicles and furniture (20 kinds) but not walls, floors, sky, buildings or trees; from a picture of class numbers; or sent as a map.',
  options: segOptions,
  networks: segNetworks,
  unionType: 5,
  publicNames: /(^|_)seg|ade20k/,
  forPhotographs: ({ from }) => from !== 'labels',
  checkMap: checkSegMap,
  structure: layout,
  fidelity: async () => (await import('./fidelity.ts')).segFidelity,
  load: async () => (await import('./seg.ts')).seg,
});
