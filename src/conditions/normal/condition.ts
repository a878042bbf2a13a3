import { condition } from '../contract/condition.ts';
import { checkNormalMap } from './checks.ts';
import { normalNetworks, normalOptions } from './options.ts';

export const normalCondition = condition({
  id: 'normal',
  title: 'Surface normals',
  description:
    'Which way each surface faces, as a colour. Derived from the depth that FastDepth sees in a photograph, seen by a pulled network, or sent as a map.',
  options: normalOptions,
  networks: normalNetworks,
  unionType: 4,
  publicNames: /normal(bae)?/,
  checkMap: checkNormalMap,
  swapSides: async () => (await import('./swap-sides.ts')).swapNormals,
  fidelity: async () => (await import('./fidelity.ts')).normalFidelity,
  load: async () => (await import('./normal.ts')).normal,
});
