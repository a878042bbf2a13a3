import type { CountedBatch } from '../../../generation/batch.ts';
import type { EventContent } from '../../../generation/request/webhook.ts';
import type { Links } from '../../http/links.ts';
import { batchView } from '../../views/batch-view.ts';
import { jobView } from '../../views/job-view.ts';
import type { EventWriter, JobEnd } from '../contract/event-writer.ts';

/** Receivers are told the job, which has ended, as it would be read then: by Standard Webhooks, {type, timestamp, data}. */
export const writeJobEnd: EventWriter = ({ job, ...event }, links) =>
  standardEvent(event, jobView(job, { queuePosition: null, etaSeconds: null }, links));

/** The same of a batch. */
export function writeBatchEnd(event: Omit<JobEnd, 'job'>, batch: CountedBatch, links: Links): EventContent {
  return standardEvent(event, batchView(batch, null, links));
}

function standardEvent({ type, createdAt }: Pick<JobEnd, 'type' | 'createdAt'>, data: object): EventContent {
  return { body: { type, timestamp: createdAt.toISOString(), data } };
}
