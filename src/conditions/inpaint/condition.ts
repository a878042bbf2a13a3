import { condition } from '../contract/condition.ts';
import { checkInpaintMap } from './checks.ts';
import { inpaintOptions } from './options.ts';

export const inpaintCondition = condition({
  id: 'inpaint',
  title: 'Inpaint',
  description:
    'The picture with a part that is to be drawn anew: what is transparent, or white in a mask sent beside it. The ControlNet fits that part to the rest.',
  options: inpaintOptions,
  masked: true,
  unionType: 7,
  publicNames: /inpaint/,
  checkMap: checkInpaintMap,
  fidelity: async () => (await import('../fidelity/measures.ts')).likeness,
  load: async () => (await import('./inpaint.ts')).inpaint,
});
