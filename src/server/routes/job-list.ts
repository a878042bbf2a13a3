import { z } from 'zod';
import type { JobStatus } from '../../generation/job.ts';
import type { Lane } from '../../generation/lanes.ts';
import { pageOf } from '../http/page.ts';
import type { JobView } from '../views/job-schema.ts';
import type { RouteContext } from './context.ts';
import { pageQuery, tenantQuery } from './schemas.ts';

/** Query of a list of jobs, by one of `statuses`, in pages of at most `most`. */
export function jobListQuery(most: number, statuses: readonly JobStatus[]) {
  return z.strictObject({
    ...tenantQuery.shape,
    status: z.enum(statuses).optional(),
    ...pageQuery(most),
  });
}

type JobListQuery = z.output<ReturnType<typeof jobListQuery>>;

/** One page of the jobs of a tenant in a lane, the newest first. */
export async function listJobs(
  { parts, present }: Pick<RouteContext, 'parts' | 'present'>,
  tenant: string,
  { status, limit, cursor }: JobListQuery,
  lane: Lane,
): Promise<{ readonly data: JobView[]; readonly next_cursor: string | null }> {
  const found = await parts.records.listJobs(tenant, {
    limit: limit + 1,
    lane,
    ...(status === undefined ? {} : { status }),
    ...(cursor === undefined ? {} : { before: cursor }),
  });
  const { rows, nextCursor } = pageOf(found, limit);
  return { data: await Promise.all(rows.map(present)), next_cursor: nextCursor };
}
