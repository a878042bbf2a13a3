import type { Measure } from '../contract/condition.ts';
import { unmeasured } from '../contract/fidelity.ts';
import { normalAgreement } from './normal-agreement.ts';

export const normalFidelity: Measure = (drawn, requested) => {
  const agreement = normalAgreement(drawn.map, requested.map);
  if (agreement === null) return unmeasured('within_22_5', 'The requested map has no normal.');
  const { mean, median, within } = agreement;
  const details = { mean_degrees: mean, median_degrees: median, within_11_25: within[0], within_30: within[2] };
  return { metric: 'within_22_5', value: within[1], details, note: null };
};
