import type { Job } from '../generation/job.ts';
import { traceIdOf } from '../tracing/tracing.ts';

/** What each log line about an attempt says of it. */
export function jobFacts({ id: job, attempt, tenant, traceParent }: Job) {
  const traceId = traceIdOf(traceParent);
  return { job, attempt, tenant, ...(traceId === null ? {} : { trace_id: traceId }) };
}
