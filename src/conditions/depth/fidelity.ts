import type { Measure } from '../contract/condition.ts';
import { unmeasured } from '../contract/fidelity.ts';
import { depthAgreement } from './depth-agreement.ts';

export const depthFidelity: Measure = (drawn, requested) => {
  const agreement = depthAgreement(drawn.map, requested.map);
  if (agreement === null) return unmeasured('rank_correlation', 'One of the two depth maps is flat.');
  return {
    metric: 'rank_correlation',
    value: agreement.rankCorrelation,
    details: { rmse: agreement.rmse },
    note: null,
  };
};
