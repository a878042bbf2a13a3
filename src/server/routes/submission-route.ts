import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyRouteSchemaDef } from 'fastify/types/schema.js';
import type { z } from 'zod';
import type { Job } from '../../generation/job.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import { answerSubmission } from '../jobs/job-answer.ts';
import { identityOf } from '../access/guard.ts';
import { type RouteContext, takePlace } from './context.ts';
import { doorOf } from '../submissions/door.ts';
import { fingerprintOf, idempotently } from '../submissions/idempotency.ts';
import { intakeOf } from '../submissions/intake.ts';
import type { Submission } from '../submissions/submission.ts';
import type { SubmitOptions } from '../submissions/submit.ts';
import { jobSchema } from '../views/job-schema.ts';
import { checkedBy } from '../plugins/validation.ts';
import { json, pictureContent, problem } from './schemas.ts';
import { formatAsked, refuseSeveral } from '../submissions/with-format.ts';

/**
 * Route options of a submission: its handler checks the body itself, because a form becomes JSON first, and its headers
 * and its query are read by what they mean. The address is checked as everywhere.
 */
export const unchecked = {
  validatorCompiler: (part: FastifyRouteSchemaDef<unknown>) =>
    part.httpPart === 'params' ? checkedBy(part.schema as z.ZodType) : (value: unknown) => ({ value }),
};

/** What the routes that make a job may answer. */
export const submissionAnswers = {
  200: {
    description: 'It ended in time',
    content: { 'application/json': { schema: jobSchema }, ...pictureContent() },
  },
  202: json('Accepted; Location is the address of the job', jobSchema),
  '4xx': problem,
  '5xx': problem,
};

/** What the routes that make a job differ in. */
export interface JobRoute {
  /** Method and path. Idempotency keys of one route mean nothing on another. */
  readonly route: string;
  readonly read: () => Promise<Submission>;
  readonly submit: (submission: Submission, options: SubmitOptions) => Promise<Job>;
}

/** Makes a job, once for each Idempotency-Key, and answers in the dialect of the route. */
export async function answerWithJob(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { route, read, submit }: JobRoute,
): Promise<FastifyReply> {
  const { parts, admission } = context;
  const identity = identityOf(request);
  const wishes = request.server.answerJob.wishes(request, parts);
  // Before anything is recorded: whoever finds no place has lost nothing.
  if (wishes.wait > 0) takePlace(context.openWaits, reply);
  const submission = await read();
  const { format, single } = wishes;
  const { tenant } = identity;
  const door = doorOf(request.server, submission.externalId);
  const chosen = {
    format: formatAsked(submission.body, format),
    ...(door.externalId === null ? {} : { external_id: door.externalId }),
  };
  const job = await idempotently(parts, request, reply, {
    tenant,
    route,
    fingerprint: async () => await fingerprintOf(submission, chosen),
    first: async (claim) => {
      await admission.requireRoom(identity, 1);
      const charge = async (cost: number) => await admission.charge(identity, cost);
      return await submit(submission, {
        tenant,
        door,
        format,
        single,
        claim,
        charge,
        payer: admission.payerOf(identity),
        intake: intakeOf(context.pictureTurns, request),
      });
    },
    again: async (id) => await parts.records.findJob(tenant, id),
  });
  if (single) refuseSeveral(kindOf(job.plan).outputs(job.plan));
  request.madeJob = job.id;
  return await answerSubmission(context, job, wishes, reply);
}
