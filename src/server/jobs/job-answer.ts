import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Job } from '../../generation/job.ts';
import type { OutputFormat } from '../../generation/request/choices.ts';
import { gone } from '../http/gone.ts';
import type { Links } from '../http/links.ts';
import type { ServerParts } from '../parts/parts.ts';
import type { PresentJob } from '../views/present-job.ts';
import { waitForEnd } from './job-changes.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Answers those who make jobs in this scope. */
    readonly answerJob: JobAnswer;
  }
}

/** What is known of an answer before there is a job. */
export interface AnswerWishes {
  /** Seconds in which the job may end before it is answered; 0: at once. */
  readonly wait: number;
  /** Whether the answer is one picture, so that more than one cannot be asked for. */
  readonly single: boolean;
  /** Format of the pictures, where the headers say one. */
  readonly format: OutputFormat | null;
}

/** What an answer is made with. */
export interface AnswerParts {
  readonly parts: Pick<ServerParts, 'records' | 'store' | 'settings'>;
  readonly links: Links;
  readonly present: PresentJob;
  /** Aborts when the server closes. */
  readonly closing: AbortSignal;
}

/** A job that has been accepted, to be answered. */
export interface MadeJob {
  readonly job: Job;
  readonly wishes: AnswerWishes;
  /** The job once it has ended, or as it is when the time for that is over or the client has gone. */
  readonly ended: () => Promise<Job>;
}

/** How a job is shown to whoever asked for it. */
export interface JobAnswer {
  /** Reads what is wished, and refuses what cannot be given: nothing has been recorded yet. */
  readonly wishes: (request: FastifyRequest, parts: AnswerParts['parts']) => AnswerWishes;
  readonly answer: (made: MadeJob, context: AnswerParts, reply: FastifyReply) => Promise<FastifyReply>;
}

/** Answers a submission in the dialect in which it came. */
export async function answerSubmission(
  context: AnswerParts,
  job: Job,
  wishes: AnswerWishes,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const ended = async (): Promise<Job> => await wait(context, job, wishes.wait, reply);
  return await reply.server.answerJob.answer({ job, wishes, ended }, context, reply);
}

async function wait({ parts, closing }: AnswerParts, job: Job, seconds: number, reply: FastifyReply): Promise<Job> {
  if (seconds === 0) return job;
  const signal = AbortSignal.any([gone(reply, closing), AbortSignal.timeout(seconds * 1000)]);
  return (
    (await waitForEnd(parts.records, job, { signal, pollMs: parts.settings.limits.pollMs, progress: false })) ?? job
  );
}
