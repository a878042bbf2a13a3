import { condition } from '../contract/condition.ts';
import { checkDepthMap } from './checks.ts';
import { depthNetworks, depthOptions } from './options.ts';

export const depthCondition = condition({
  id: 'depth',
  title: 'Depth',
  description:
    'Distance from the camera as a grey map: near is white, far is black. Seen in a photograph by FastDepth, which knows rooms best, or sent as a map of 8 or 16 bits (16 are rounded to 8).',
  options: depthOptions,
  networks: depthNetworks,
  unionType: 1,
  publicNames: /depth|zoe|midas/,
  checkMap: checkDepthMap,
  fidelity: async () => (await import('./fidelity.ts')).depthFidelity,
  load: async () => (await import('./depth.ts')).depth,
});
