import { z } from 'zod';
import { errorCodes } from '../../errors.ts';
import type { Job } from '../../generation/job.ts';
import type { BatchCounts, FailureCount, QueueCounts, TenantCounts } from '../../records/operations/overview.ts';
import type { SeenWorker } from '../../records/operations/workers.ts';
import type { Links } from '../http/links.ts';
import { deadLetterSchema, deadLetterView } from './dead-letter.ts';

const at = z.iso.datetime();

export const overviewSchema = z
  .object({
    at: at.describe('When it was true'),
    version: z.string(),
    queue: z.object({
      waiting: z.int().describe('Jobs whose turn is yet to come'),
      dispatched: z.int().describe('Jobs in the queue'),
      running: z.int(),
      paused: z.int().describe('Trainings that wait to be resumed'),
      oldest_s: z.number().nullable().describe('Age of the oldest job that is not started; null where there is none'),
    }),
    windows: z.object({
      tenant: z.int().describe('Most jobs of a tenant in the queue or running'),
      total: z.int().describe('The same for all tenants together'),
    }),
    lately: z.object({
      minutes: z.int().describe('What the figures beside it are about'),
      succeeded: z.int(),
      failed: z.int(),
      cancelled: z.int(),
    }),
    tenants: z.array(z.object({ tenant: z.string(), waiting: z.int(), dispatched: z.int(), running: z.int() })),
    batches: z.array(
      z.object({
        id: z.string(),
        tenant: z.string(),
        name: z.string().nullable(),
        items: z.int(),
        ended: z.int(),
        failed: z.int(),
        created_at: at,
      }),
    ),
    workers: z.array(
      z.object({
        id: z.string(),
        host: z.string(),
        pid: z.int(),
        version: z.string(),
        device_state: z.string(),
        device_detail: z.string(),
        started_at: at,
        seen_at: at,
      }),
    ),
    dead_letters: z.object({ count: z.int(), newest: z.array(deadLetterSchema) }),
    webhooks: z.object({ pending: z.int(), dead: z.int() }),
    failures: z.array(
      z.object({
        code: z.enum(Object.keys(errorCodes)),
        count: z.int(),
        last_at: at,
        last_job: z.string(),
      }),
    ),
  })
  .meta({ id: 'Overview' });

export type OverviewView = z.output<typeof overviewSchema>;

export interface FoundOverview {
  readonly at: Date;
  readonly queue: QueueCounts;
  readonly tenants: readonly TenantCounts[];
  readonly batches: readonly BatchCounts[];
  readonly lately: Readonly<Partial<Record<Job['status'], number>>>;
  readonly failures: readonly FailureCount[];
  readonly workers: readonly SeenWorker[];
  readonly dead: readonly Job[];
}

export interface OverviewSettings {
  readonly version: string;
  readonly windows: { readonly tenant: number; readonly total: number };
  /** What `lately` and `failures` are about. */
  readonly minutes: number;
}

export function overviewView(
  { at: time, queue, tenants, batches, lately, failures, workers, dead }: FoundOverview,
  { version, windows, minutes }: OverviewSettings,
  links: Links,
): OverviewView {
  const { waiting, dispatched, running, paused, oldestQueuedAt } = queue;
  const oldest = oldestQueuedAt === null ? null : Math.max(0, (time.getTime() - oldestQueuedAt.getTime()) / 1000);
  return {
    at: time.toISOString(),
    version,
    queue: { waiting, dispatched, running, paused, oldest_s: oldest },
    windows: { ...windows },
    lately: {
      minutes,
      succeeded: lately.succeeded ?? 0,
      failed: lately.failed ?? 0,
      cancelled: lately.cancelled ?? 0,
    },
    tenants: tenants.map((tenant) => ({ ...tenant })),
    batches: batches.map(({ createdAt, ...batch }) => ({ ...batch, created_at: createdAt.toISOString() })),
    workers: workers.map(workerView),
    dead_letters: { count: queue.dead, newest: dead.map((job) => deadLetterView(job, links)) },
    webhooks: { pending: queue.webhooksPending, dead: queue.webhooksDead },
    failures: failures.map(({ code, count, lastAt, lastJob }) => ({
      code,
      count,
      last_at: lastAt.toISOString(),
      last_job: lastJob,
    })),
  };
}

function workerView({ id, host, pid, version, deviceState, deviceDetail, startedAt, seenAt }: SeenWorker) {
  return {
    id,
    host,
    pid,
    version,
    device_state: deviceState,
    device_detail: deviceDetail,
    started_at: startedAt.toISOString(),
    seen_at: seenAt.toISOString(),
  };
}
