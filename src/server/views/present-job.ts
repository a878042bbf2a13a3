import type { Job } from '../../generation/job.ts';
import { laneOf } from '../../generation/lanes.ts';
import { isOverdue, nextTurn } from '../../json/turns.ts';
import type { Records } from '../../records/records.ts';
import type { EtaEstimator } from '../load/eta.ts';
import type { Links } from '../http/links.ts';
import type { JobView } from './job-schema.ts';
import { jobView } from './job-view.ts';

/** Gives a job with its place in the queue and the time it will probably take, asking records where it is not final. */
export type PresentJob = (job: Job) => Promise<JobView>;

export function jobPresenter(records: Records, eta: EtaEstimator, links: Links): PresentJob {
  return async (job) => {
    const ahead = job.status === 'queued' ? await records.countAhead(job) : null;
    const etaSeconds = await eta.estimate(job, ahead ?? 0);
    const deliveries = job.webhook === null ? [] : await records.webhooks.ofJob(job.id);
    const report = laneOf(job.id) === 'long' ? await records.trainings.report(job.id) : undefined;
    // Showing how prompts are read takes milliseconds, and a list has a hundred jobs.
    if (isOverdue()) await nextTurn();
    return jobView(job, { queuePosition: ahead === null ? null : ahead + 1, etaSeconds }, links, deliveries, report);
  };
}
