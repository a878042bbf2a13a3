import { isFinal, type Job, type JobEvent } from '../../generation/job.ts';
import type { Records } from '../../records/records.ts';
import { type ChangeOptions, jobChanges } from './job-changes.ts';
import type { Preview, PreviewChannel } from '../../records/previews/previews.ts';
import { WatchedPreviews } from './watched-previews.ts';
import type { PresentJob } from '../views/present-job.ts';

export interface EventStreamOptions extends ChangeOptions {
  /** Events up to and with this number are left out. */
  readonly after: number;
  readonly heartbeatMs: number;
  readonly clock: () => Date;
  /** Of a job that shows its pictures on their way; null of others. */
  readonly previews: PreviewChannel | null;
}

/** What a stream begins with: it tells proxies and clients at once that it is open. */
export const streamStart = ': open\n\n';

/**
 * What the first event begins with: it tells browsers to come back 2000 ms after they have lost the stream. Alone it would be
 * an event without data, which some clients give to their callers.
 */
export const retryLine = 'retry: 2000\n';

/**
 * The events of a job as the text of an event stream (HTML Living Standard, section 9.2): those that happened, then each
 * as it happens. It ends after the event that ends the job, or when the job was deleted. Events are read from records when
 * the client has taken the ones before: a slow one makes nothing pile up, and of progress and of each picture on its way it gets the newest.
 */
export async function* eventStream(
  records: Records,
  job: Job,
  present: PresentJob,
  options: EventStreamOptions,
): AsyncGenerator<string> {
  let after = options.after;
  let spokenAt = options.clock().getTime();
  yield streamStart;
  let first = retryLine;
  const watched = options.previews === null ? null : new WatchedPreviews(options.previews, job.id);
  for await (const turn of jobChanges(records, job.id, { ...options, also: watched?.start })) {
    for (const preview of watched?.take() ?? []) {
      yield first + formatPreview(preview);
      first = '';
      spokenAt = options.clock().getTime();
    }
    if (turn === 'else') continue;
    // The job is read before its events: when it has ended by then, its final event is among them.
    const current = await records.findJob(job.tenant, job.id);
    const events = await records.eventsAfter(job.id, after);
    for (const event of events) {
      after = event.seq;
      const ended = event === events.at(-1) ? await jobEndedBy(event, job, records) : null;
      yield first + formatEvent(event, ended === null ? eventData(event) : await present(ended));
      first = '';
      if (ended !== null) return;
    }
    if (current === null || isFinal(current.status)) return;
    const now = options.clock().getTime();
    if (events.length > 0) spokenAt = now;
    else if (now - spokenAt >= options.heartbeatMs) {
      spokenAt = now;
      yield ': still here\n\n';
    }
  }
}

/** The job, if this event ended it for good; null also where it ended and was retried. */
async function jobEndedBy({ type }: JobEvent, { tenant, id }: Job, records: Records): Promise<Job | null> {
  if (type !== 'succeeded' && type !== 'failed' && type !== 'cancelled') return null;
  const job = await records.findJob(tenant, id);
  return job?.status === type ? job : null;
}

function eventData({ data, at }: JobEvent): object {
  return { ...data, at: at.toISOString() };
}

function formatEvent({ seq, type }: JobEvent, data: object): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Without a number: who comes back is not shown it again. */
function formatPreview({ jpeg, output, candidate, step, steps, width, height }: Preview): string {
  const data = { output, candidate, step, steps, width, height, content_type: 'image/jpeg', data: jpeg };
  return `event: preview\ndata: ${JSON.stringify(data)}\n\n`;
}
