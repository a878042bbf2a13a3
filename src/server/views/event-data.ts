import type { EventSubject } from '../../records/webhooks/webhooks.ts';
import type { Links } from '../http/links.ts';
import { type BatchView, batchView } from './batch-view.ts';
import type { JobView } from './job-schema.ts';
import { jobView } from './job-view.ts';

/** What receivers are told: the job or the batch, which has ended, as it would be read then. */
export function eventData(subject: EventSubject, links: Links): JobView | BatchView {
  return subject.kind === 'batch'
    ? batchView(subject.batch, null, links)
    : jobView(subject.job, { queuePosition: null, etaSeconds: null }, links);
}
