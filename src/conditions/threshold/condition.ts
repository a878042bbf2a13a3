import { condition } from '../contract/condition.ts';
import { checkThresholdMap } from './checks.ts';
import { thresholdOptions } from './options.ts';

export const thresholdCondition = condition({
  id: 'threshold',
  title: 'Threshold',
  description: 'Black and white by brightness, at a level or where the histogram parts best.',
  options: thresholdOptions,
  checkMap: checkThresholdMap,
  fidelity: async () => (await import('../fidelity/measures.ts')).blackAndWhite,
  load: async () => (await import('./threshold.ts')).threshold,
});
