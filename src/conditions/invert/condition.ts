import { condition } from '../contract/condition.ts';
import { invertOptions } from './options.ts';

export const invertCondition = condition({
  id: 'invert',
  title: 'Invert',
  description:
    'The negative of the picture: turns a drawing in black on white into the white lines on black that ControlNets expect.',
  options: invertOptions,
  fidelity: async () => (await import('../fidelity/measures.ts')).likeness,
  load: async () => (await import('./invert.ts')).invert,
});
