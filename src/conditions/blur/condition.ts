import { condition } from '../contract/condition.ts';
import { blurOptions } from './options.ts';

export const blurCondition = condition({
  id: 'blur',
  title: 'Blur',
  description: 'The picture blurred by a Gaussian: colours and rough shapes stay, detail is drawn anew.',
  options: blurOptions,
  publicNames: /blur/,
  fidelity: async () => (await import('../fidelity/measures.ts')).likeness,
  load: async () => (await import('./blur.ts')).blur,
});
