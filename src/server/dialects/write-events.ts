import { ArmatureError } from '../../errors.ts';
import type { EventContent } from '../../generation/request/webhook.ts';
import type { ClaimedDelivery } from '../../records/webhooks/webhook-records.ts';
import type { Links } from '../http/links.ts';
import { writeBatchEnd } from './armature/events.ts';
import type { Dialect } from './contract/dialect.ts';

/**
 * Writes events as receivers are told of them: that a job has ended in the dialect in which it was asked for. Batches are our own API's
 * alone. `newer_release` for a job of a dialect that is none of `dialects`: a process that speaks it is to tell of it.
 */
export function eventWriter(
  dialects: readonly Dialect[],
  links: Links,
): (event: Pick<ClaimedDelivery, 'id' | 'type' | 'createdAt' | 'subject'>) => EventContent {
  return ({ subject, ...event }) => {
    if (subject.kind === 'batch') return writeBatchEnd(event, subject.batch, links);
    const { job } = subject;
    const spoken = dialects.find(({ id }) => id === job.door.dialect);
    if (spoken === undefined) throw unspoken(job.door.dialect, dialects);
    return spoken.writeEvent({ ...event, job }, links);
  };
}

function unspoken(dialect: string, dialects: readonly Dialect[]): ArmatureError {
  const known = dialects.map(({ id }) => id).join(', ');
  const detail =
    `The end of a job is to be told in the dialect ${JSON.stringify(dialect)}, and this release speaks ${known}. ` +
    'Run the release that took the job, or a newer one.';
  return new ArmatureError('newer_release', detail);
}
