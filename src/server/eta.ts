import { cost } from '../generation/cost.ts';
import type { Job } from '../generation/job.ts';
import type { Records } from '../records/records.ts';

/** How fast a tenant's recent generations were drawn. */
interface Pace {
  /** Busy milliseconds for each unit of cost. */
  readonly msPerCost: number;
  readonly meanCost: number;
}

const recentJobs = 20;
const paceLifetimeMs = 5000;

/** Estimates when a job will be done from the times of the tenant's last generations. */
export class EtaEstimator {
  readonly #records: Records;
  readonly #clock: () => Date;
  readonly #paces = new Map<string, { readonly at: number; readonly pace: Promise<Pace | null> }>();

  constructor(records: Records, clock: () => Date) {
    this.#records = records;
    this.#clock = clock;
  }

  /** Whole seconds until `job`, with `ahead` jobs before it, is done; null where it is final or nothing is known yet. */
  async estimate(job: Job, ahead: number): Promise<number | null> {
    if (job.status !== 'queued' && job.status !== 'running') return null;
    const pace = await this.#pace(job.tenant);
    if (pace === null) return null;
    const remaining = job.status === 'queued' ? cost(job.plan) : remainingCost(job);
    return Math.max(1, Math.round((pace.msPerCost * (ahead * pace.meanCost + remaining)) / 1000));
  }

  /** Whole seconds in which about `jobs` of a tenant's jobs are drawn; null where nothing is known yet. */
  async secondsFor(tenant: string, jobs: number): Promise<number | null> {
    const pace = await this.#pace(tenant);
    return pace === null ? null : Math.max(1, Math.ceil((pace.msPerCost * pace.meanCost * jobs) / 1000));
  }

  /** Whole seconds in which a tenant's jobs of this cost together are probably drawn; null where nothing is known yet. */
  async ofCost(tenant: string, pixelSteps: number): Promise<number | null> {
    const pace = await this.#pace(tenant);
    return pace === null ? null : Math.max(1, Math.round((pace.msPerCost * pixelSteps) / 1000));
  }

  async #pace(tenant: string): Promise<Pace | null> {
    const now = this.#clock().getTime();
    const last = this.#paces.get(tenant);
    if (last !== undefined && now - last.at < paceLifetimeMs) return await last.pace;
    const pace = this.#records.listJobs(tenant, { status: 'succeeded', limit: recentJobs }).then(paceOf);
    this.#paces.set(tenant, { at: now, pace });
    // A failure is not kept: the next question asks records again.
    return await pace.catch((error: unknown) => {
      this.#paces.delete(tenant);
      throw error;
    });
  }
}

/** Pace of finished jobs. Jobs that were drawn side by side count their common time once. */
export function paceOf(jobs: readonly Job[]): Pace | null {
  const timed = jobs.flatMap(({ plan, startedAt, finishedAt }) =>
    plan.kind === 'generation' && startedAt !== null && finishedAt !== null
      ? [{ cost: cost(plan), start: startedAt.getTime(), end: finishedAt.getTime() }]
      : [],
  );
  if (timed.length === 0) return null;
  const total = timed.reduce((sum, entry) => sum + entry.cost, 0);
  return { msPerCost: covered(timed) / total, meanCost: total / timed.length };
}

/** Length of the union of intervals. */
function covered(intervals: readonly { readonly start: number; readonly end: number }[]): number {
  let length = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const { start, end } of intervals.toSorted((a, b) => a.start - b.start)) {
    length += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return length;
}

function remainingCost({ plan, progress }: Job): number {
  return progress === null ? cost(plan) : cost(plan) * (1 - progress.step / progress.steps);
}
