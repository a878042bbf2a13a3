import type { Job } from '../../../generation/job.ts';
import type { EventContent } from '../../../generation/request/webhook.ts';
import type { Links } from '../../http/links.ts';

/** The end of a job that its receiver is to be told of. */
export interface JobEnd {
  /** Of the event: the same at each attempt. */
  readonly id: string;
  /** Such as `generation.succeeded`. */
  readonly type: string;
  /** When it happened. */
  readonly createdAt: Date;
  /** As it was then. */
  readonly job: Job;
}

/** Says what a receiver is sent. It is signed and tried again in the same way in all dialects. */
export type EventWriter = (end: JobEnd, links: Links) => EventContent;
