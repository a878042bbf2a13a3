import { condition } from '../contract/condition.ts';
import { checkMaskMap } from './checks.ts';
import { maskNetworks, maskOptions } from './options.ts';

export const maskCondition = condition({
  id: 'mask',
  title: 'Mask of the subject',
  description:
    'The person or the main object in white on black, for inpainting, for the region of a control or to remove a background. Found in a photograph, or sent as a map.',
  options: maskOptions,
  networks: maskNetworks,
  checkMap: checkMaskMap,
  fidelity: async () => (await import('../fidelity/measures.ts')).blackAndWhite,
  load: async () => (await import('./mask.ts')).mask,
});
