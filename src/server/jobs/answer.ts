import type { FastifyReply, FastifyRequest } from 'fastify';
import { isFinal, type Job } from '../../generation/job.ts';
import type { ServerParts } from '../parts/parts.ts';
import type { PresentJob } from '../views/present-job.ts';
import { waitForEnd } from './job-changes.ts';
import { servedOutput } from './job-files.ts';
import type { Preferences } from '../http/preferences.ts';
import { problemOf, problemType } from '../http/problem.ts';
import { sendObject } from '../http/send-object.ts';
import { gone } from '../http/gone.ts';
import type { Links } from '../http/links.ts';

/** What an answer is made with. */
export interface AnswerParts {
  readonly parts: Pick<ServerParts, 'records' | 'store' | 'settings'>;
  readonly links: Links;
  readonly present: PresentJob;
  /** Aborts when the server closes. */
  readonly closing: AbortSignal;
}

/**
 * Answers a submission: 202 with the job at once; after a wait 200 with the finished job, or with its first picture where
 * the client wants that; 202 where the wait was too short, or where there was none and the job had ended before.
 */
export async function answerSubmission(
  context: AnswerParts,
  job: Job,
  preferences: Preferences,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { links, present } = context;
  reply.header('location', links.job(job.id));
  if (preferences.wait > 0) reply.header('preference-applied', `wait=${preferences.wait}`);
  const current = await wait(context, job, preferences.wait, reply);
  if (preferences.wait === 0 || !isFinal(current.status)) return await reply.code(202).send(await present(current));
  if (preferences.answer === 'json') return await reply.code(200).send(await present(current));
  return await sendPicture(context, current, request, reply);
}

async function wait({ parts, closing }: AnswerParts, job: Job, seconds: number, reply: FastifyReply): Promise<Job> {
  if (seconds === 0) return job;
  const signal = AbortSignal.any([gone(reply, closing), AbortSignal.timeout(seconds * 1000)]);
  return (
    (await waitForEnd(parts.records, job, { signal, pollMs: parts.settings.limits.pollMs, progress: false })) ?? job
  );
}

async function sendPicture(
  { parts, links }: AnswerParts,
  job: Job,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (job.status === 'succeeded') {
    reply.header('content-location', links.output(job.id, 0));
    return await sendObject(parts.store, servedOutput(job, 0), request, reply);
  }
  const error = job.error ?? { code: 'cancelled' as const, detail: 'The job was cancelled before it was drawn.' };
  const problem = { ...problemOf(error), instance: request.id, job: links.job(job.id) };
  return await reply.code(problem.status).type(problemType).send(problem);
}
