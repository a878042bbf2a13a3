import type { Door } from '../../generation/door.ts';
import type { Lane } from '../../generation/lanes.ts';
import type { Plan } from '../../generation/plan.ts';
import type { WebhookTarget } from '../../generation/request/webhook.ts';
import type { IdempotencyClaim } from './idempotency.ts';
import type { JobStatus } from '../../generation/job.ts';

export interface NewJob {
  readonly id: string;
  readonly tenant: string;
  readonly plan: Plan;
  readonly warnings: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** Left out: our own. */
  readonly door?: Door;
  /** Who is told of its end. */
  readonly webhook?: WebhookTarget | null;
  /** The key of its request. */
  readonly claim?: IdempotencyClaim;
  /** See {@link Job.traceParent}. */
  readonly traceParent?: string | null;
  /** 0 to 9, the higher the sooner. */
  readonly priority: number;
}

export interface JobQuery {
  readonly status?: JobStatus;
  /** Default: pictures. */
  readonly lane?: Lane;
  readonly before?: string;
  readonly limit: number;
}
