import { condition } from '../contract/condition.ts';
import { checkRecolorMap } from './checks.ts';
import { recolorOptions } from './options.ts';

export const recolorCondition = condition({
  id: 'recolor',
  title: 'Recolour',
  description: 'The picture in grey, for new colours: by lightness or by the largest channel.',
  options: recolorOptions,
  publicNames: /recolou?r/,
  checkMap: checkRecolorMap,
  fidelity: async () => (await import('../fidelity/measures.ts')).likeness,
  load: async () => (await import('./recolor.ts')).recolor,
});
