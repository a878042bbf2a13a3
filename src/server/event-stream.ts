import { isFinal, type Job, type JobEvent } from '../generation/job.ts';
import type { Records } from '../records/records.ts';
import { type ChangeOptions, jobChanges } from './job-changes.ts';
import type { PresentJob } from './views/present-job.ts';

export interface EventStreamOptions extends ChangeOptions {
  /** Events up to and with this number are left out. */
  readonly after: number;
  readonly heartbeatMs: number;
  readonly clock: () => Date;
}

/**
 * The events of a job as the text of an event stream (HTML Living Standard, section 9.2): those that happened, then each
 * as it happens. It ends after the final event, or when the job was deleted.
 */
export async function* eventStream(
  records: Records,
  job: Job,
  present: PresentJob,
  options: EventStreamOptions,
): AsyncGenerator<string> {
  let after = options.after;
  let spokenAt = options.clock().getTime();
  // Tells proxies and clients at once that the stream is open.
  yield ': open\n\n';
  for await (const _ of jobChanges(records, job.id, options)) {
    // The job is read before its events: when it has ended by then, its final event is among them.
    const current = await records.findJob(job.tenant, job.id);
    const events = await records.eventsAfter(job.id, after);
    for (const event of events) {
      after = event.seq;
      const final = isFinalEvent(event) ? await records.findJob(job.tenant, job.id) : null;
      yield formatEvent(event, final === null ? eventData(event) : await present(final));
      if (isFinalEvent(event)) return;
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

function isFinalEvent({ type }: JobEvent): boolean {
  return type === 'succeeded' || type === 'failed' || type === 'cancelled';
}

function eventData({ data, at }: JobEvent): object {
  return { ...data, at: at.toISOString() };
}

function formatEvent({ seq, type }: JobEvent, data: object): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
