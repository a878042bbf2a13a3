import type { FastifyReply } from 'fastify';
import { isFinal, type Job } from '../../../generation/job.ts';
import { readPreferences } from '../../http/preferences.ts';
import { problemOf, problemType } from '../../http/problem.ts';
import { sendObject } from '../../http/send-object.ts';
import type { AnswerParts, JobAnswer } from '../../jobs/job-answer.ts';
import { servedOutput } from '../../jobs/job-files.ts';

/**
 * Answers a submission as the headers Prefer and Accept ask for: 202 with the job at once; after a wait 200 with the finished job,
 * or with its first picture where the client wants that; 202 where the wait was too short, or where there was none and the job
 * had ended before.
 */
export const answerAsPreferred: JobAnswer = {
  wishes({ headers }, { settings }) {
    const { prefer, accept } = headers;
    const { wait, answer, format } = readPreferences([prefer].flat().join(), accept, settings.limits.waitSeconds);
    return { wait, single: answer === 'picture', format };
  },
  async answer({ job, wishes, ended }, context, reply) {
    const { links, present } = context;
    reply.header('location', links.job(job.id));
    if (wishes.wait > 0) reply.header('preference-applied', `wait=${wishes.wait}`);
    const current = await ended();
    if (wishes.wait === 0 || !isFinal(current.status)) return await reply.code(202).send(await present(current));
    if (!wishes.single) return await reply.code(200).send(await present(current));
    return await sendPicture(context, current, reply);
  },
};

async function sendPicture({ parts, links }: AnswerParts, job: Job, reply: FastifyReply): Promise<FastifyReply> {
  const { request } = reply;
  if (job.status === 'succeeded') {
    reply.header('content-location', links.output(job.id, 0));
    return await sendObject(parts.store, servedOutput(job, 0), request, reply);
  }
  const error = job.error ?? { code: 'cancelled' as const, detail: 'The job was cancelled before it was drawn.' };
  const problem = { ...problemOf(error), instance: request.id, job: links.job(job.id) };
  return await reply.code(problem.status).type(problemType).send(problem);
}
