import type { ContinueRequest, TrainingJobRequest } from '../../request/training-job.ts';
import type { TrainingJobPlan } from './job-plan.ts';
import { nameBefore } from './resolve-job.ts';

/**
 * What is asked for where a training is to go on after its end: the same again, beginning as the model that it made, but for `changes`. Its steps are its own, and so
 * are its random numbers: the same would be learnt once more in the same order.
 */
export function continued(
  { request, sets }: Pick<TrainingJobPlan, 'request' | 'sets'>,
  changes: ContinueRequest,
): TrainingJobRequest {
  const { steps, epochs, minutes, ...same } = request;
  const { data = { upload_ids: sets.map(({ id }) => id) }, ...changed } = changes;
  const isOfLength = [changed.steps, changed.epochs, changed.minutes].some((length) => length !== undefined);
  return {
    ...same,
    ...(isOfLength ? {} : { steps, epochs, minutes }),
    name: nameBefore(request.name),
    ...changed,
    schedule: changed.schedule ?? request.schedule,
    warmup: changed.warmup ?? request.warmup,
    init: request.name,
    dry_run: false,
    data,
  };
}
