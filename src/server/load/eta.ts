import type { Job } from '../../generation/job.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import { laneOf } from '../../generation/lanes.ts';
import { isOverdue, nextTurn } from '../../json/turns.ts';
import type { DrawnJob } from '../../records/operations/overview.ts';
import type { Records } from '../../records/records.ts';

/** How fast recent generations were drawn. */
interface Pace {
  /** Busy milliseconds for each unit of cost. */
  readonly msPerCost: number;
  readonly meanCost: number;
}

const recentJobs = 20;
const paceLifetimeMs = 5000;

/** Estimates when jobs will be done from the times of the last generations: a tenant's own, or everybody's. */
export class EtaEstimator {
  readonly #records: Records;
  readonly #clock: () => Date;
  readonly #paces = new Map<string | null, { readonly at: number; readonly pace: Promise<Pace | null> }>();

  constructor(records: Records, clock: () => Date) {
    this.#records = records;
    this.#clock = clock;
  }

  /** Whole seconds until `job`, with `ahead` jobs before it, is done; null where it is final or nothing is known yet. */
  async estimate(job: Job, ahead: number): Promise<number | null> {
    if (job.status !== 'queued' && job.status !== 'running') return null;
    // What is long says it itself.
    if (laneOf(job.id) === 'long') return job.progress?.training?.eta_s ?? null;
    const pace = await this.#pace(job.tenant);
    if (pace === null) return null;
    if (isOverdue()) await nextTurn();
    const remaining = job.status === 'queued' ? kindOf(job.plan).cost(job.plan) : remainingCost(job);
    return Math.max(1, Math.round((pace.msPerCost * (ahead * pace.meanCost + remaining)) / 1000));
  }

  /**
   * Whole seconds in which about `jobs` of the jobs that wait, a tenant's or (null) anybody's, are drawn; null where nothing
   * is known yet. What waits may cost far more than what was drawn lately.
   */
  async untilRoom(tenant: string | null, jobs: number): Promise<number | null> {
    const pace = (await this.#pace(tenant)) ?? (await this.#pace(null));
    if (pace === null) return null;
    const meanCost = (await this.#records.scheduling.meanCost(tenant)) ?? pace.meanCost;
    return Math.max(1, Math.ceil((pace.msPerCost * meanCost * jobs) / 1000));
  }

  /** Whole seconds in which a tenant's jobs of this cost together are probably drawn; null where nothing is known yet. */
  async ofCost(tenant: string, pixelSteps: number): Promise<number | null> {
    const pace = await this.#pace(tenant);
    return pace === null ? null : Math.max(1, Math.round((pace.msPerCost * pixelSteps) / 1000));
  }

  /** Of a tenant, or (null) of all together. */
  async #pace(tenant: string | null): Promise<Pace | null> {
    const now = this.#clock().getTime();
    const last = this.#paces.get(tenant);
    if (last !== undefined && now - last.at < paceLifetimeMs) return await last.pace;
    const pace = this.#lastDrawn(tenant).then(paceOf);
    this.#paces.set(tenant, { at: now, pace });
    // A failure is not kept: the next question asks records again.
    return await pace.catch((error: unknown) => {
      this.#paces.delete(tenant);
      throw error;
    });
  }

  async #lastDrawn(tenant: string | null): Promise<readonly DrawnJob[]> {
    if (tenant === null) return await this.#records.overview.lastDrawn(recentJobs);
    return await drawnOf(await this.#records.listJobs(tenant, { status: 'succeeded', limit: recentJobs }));
  }
}

/** The generations among jobs that have ended, by cost and time. */
export async function drawnOf(jobs: readonly Job[]): Promise<readonly DrawnJob[]> {
  const drawn: DrawnJob[] = [];
  for (const { plan, startedAt, finishedAt } of jobs) {
    const kind = kindOf(plan);
    if (!kind.setsPace || startedAt === null || finishedAt === null) continue;
    if (isOverdue()) await nextTurn();
    drawn.push({ cost: kind.cost(plan), startedAt, finishedAt });
  }
  return drawn;
}

/** Pace of what was drawn. Jobs that were drawn side by side count their common time once. */
export function paceOf(drawn: readonly DrawnJob[]): Pace | null {
  if (drawn.length === 0) return null;
  const total = drawn.reduce((sum, entry) => sum + entry.cost, 0);
  return { msPerCost: covered(drawn) / total, meanCost: total / drawn.length };
}

/** Milliseconds of the union of times. */
function covered(drawn: readonly DrawnJob[]): number {
  let length = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const { startedAt, finishedAt } of drawn.toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime())) {
    length += Math.max(0, finishedAt.getTime() - Math.max(startedAt.getTime(), reached));
    reached = Math.max(reached, finishedAt.getTime());
  }
  return length;
}

function remainingCost({ plan, progress }: Job): number {
  return kindOf(plan).cost(plan) * (1 - (progress?.share ?? 0));
}
