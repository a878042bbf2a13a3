import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { jobStatuses } from '../../generation/job.ts';
import { continueRequest, trainingJobRequest } from '../../generation/request/training-job.ts';
import { identityOf } from '../access/guard.ts';
import { cancelJob, deleteJob } from '../jobs/end-job.ts';
import { pauseJob, resumeJob, stopJob } from '../jobs/pause-job.ts';
import { requireJob } from '../jobs/find-job.ts';
import { readSubmission } from '../submissions/submission.ts';
import { continueTraining, submitTraining } from '../submissions/submit-training.ts';
import { jobListSchema, jobSchema } from '../views/job-schema.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { eventAnswers, eventHeaders, eventQuery, sendEvents } from './generation-events.ts';
import { jobListQuery, listJobs } from './job-list.ts';
import { idParameter, json, problem, submissionHeaders, tenantQuery } from './schemas.ts';
import { answerWithJob, unchecked } from './submission-route.ts';

const lane = 'long';
const tags = ['trainings'];

/** What can be asked of a training that is there: `POST /v1/trainings/{id}/` and the name. */
const actions = {
  cancel: {
    act: cancelJob,
    operationId: 'cancelTraining',
    summary: 'Cancel a training and throw away what it has learnt',
    description: 'One that has ended otherwise than by a cancellation answers 409.',
    answer: 'The training; a running one ends a moment later',
  },
  pause: {
    act: pauseJob,
    operationId: 'pauseTraining',
    summary: 'Pause a training: it keeps what it has learnt, and its place is free',
    description:
      'At once while it waits. It stays paused until it is resumed or cancelled. One that has ended answers 409.',
    answer: 'The training; a running one is paused once its checkpoint is in the store',
  },
  resume: {
    act: resumeJob,
    operationId: 'resumeTraining',
    summary: 'Have a paused training go on from its checkpoint',
    description: 'It is queued again, and nothing is charged. One that has ended answers 409.',
    answer: 'The training',
  },
  stop: {
    act: stopJob,
    operationId: 'stopTraining',
    summary: 'End a running training now, with the best that it has learnt',
    description:
      'Its model comes of the best weights by what it was looked at, else of its last. One that does not run answers 409: one that waits is cancelled, one that is paused is resumed first.',
    answer: 'The training; it succeeds a moment later',
  },
};

/** Training models, and reading of it. */
export function trainingRoutes(instance: FastifyInstance, context: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { parts, present } = context;
  const { records, settings } = parts;

  routes.post('/v1/trainings', {
    config: { access: 'train', submits: true },
    schema: {
      operationId: 'createTraining',
      summary: 'Train a ControlNet or a LoRA from a set of pictures',
      description:
        'A job: its set is read and reported on first, and the model that comes of it is in the library at once.',
      tags,
      headers: submissionHeaders,
      body: trainingJobRequest,
      response: {
        200: json('It ended in time', jobSchema),
        202: json('Accepted; Location is the address of the training', jobSchema),
        '4xx': problem,
        '5xx': problem,
      },
    },
    ...unchecked,
    handler: async (request, reply) =>
      await answerWithJob(context, request, reply, {
        route: 'POST /v1/trainings',
        read: async () => await readSubmission(request, settings.limits, () => ({})),
        submit: async (submission, options) => await submitTraining(parts, submission, options),
      }),
  });

  routes.post('/v1/trainings/:id/continue', {
    config: { access: 'train', submits: true },
    schema: {
      operationId: 'continueTraining',
      summary: 'Train the model of a training that has succeeded on',
      description:
        'A new training that begins as that model, with steps and a schedule of its own and the optimizer anew. One that has not succeeded answers 409.',
      tags,
      params: idParameter,
      headers: submissionHeaders,
      body: continueRequest,
      response: {
        200: json('It ended in time', jobSchema),
        202: json('Accepted; Location is the address of the new training', jobSchema),
        '4xx': problem,
        '5xx': problem,
      },
    },
    ...unchecked,
    handler: async (request, reply) => {
      const first = await requireJob(records, identityOf(request).tenant, request.params.id, lane);
      return await answerWithJob(context, request, reply, {
        route: `POST /v1/trainings/${first.id}/continue`,
        read: async () => await readSubmission(request, settings.limits, () => ({})),
        submit: async (submission, options) => await continueTraining(parts, first, submission, options),
      });
    },
  });

  routes.get('/v1/trainings', {
    config: { access: 'read', anyTenant: true },
    schema: {
      operationId: 'listTrainings',
      summary: 'List trainings, the newest first',
      description: 'Trainings of the tenant of the key; GET /v1/generations lists what draws.',
      tags,
      querystring: jobListQuery(settings.limits.pageSize, jobStatuses),
      response: { 200: json('One page', jobListSchema), '4xx': problem },
    },
    handler: async (request) => await listJobs(context, tenantOf(request), request.query, lane),
  });

  routes.get('/v1/trainings/:id', {
    config: { access: 'read', anyTenant: true },
    schema: {
      operationId: 'getTraining',
      summary: 'Read a training',
      description: 'Its status, its progress, what was found in its set, and every value as it was resolved.',
      tags,
      params: idParameter,
      querystring: tenantQuery,
      response: { 200: json('The training', jobSchema), '4xx': problem },
    },
    handler: async (request) => await present(await requireJob(records, tenantOf(request), request.params.id, lane)),
  });

  routes.get('/v1/trainings/:id/events', {
    config: { access: 'read', anyTenant: true, signable: true },
    schema: {
      operationId: 'streamTrainingEvents',
      summary:
        'Follow a training: queued, started, progress, validation, notice, paused, then succeeded, failed or cancelled with the whole job',
      description: 'Server-sent events. Last-Event-ID goes on after an event that was seen.',
      tags,
      params: idParameter,
      headers: eventHeaders,
      querystring: eventQuery,
      response: eventAnswers,
    },
    // A HEAD request would start a stream that nobody reads.
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const job = await requireJob(records, tenantOf(request), request.params.id, lane);
      return await sendEvents(context, request, reply, job);
    },
  });

  for (const [name, { act, operationId, summary, description, answer }] of Object.entries(actions)) {
    routes.post(`/v1/trainings/:id/${name}`, {
      config: { access: 'train', anyTenant: true },
      schema: {
        operationId,
        summary,
        description,
        tags,
        params: idParameter,
        querystring: tenantQuery,
        response: { 200: json(answer, jobSchema), '4xx': problem },
      },
      handler: async (request) =>
        await present(await act(parts, { tenant: tenantOf(request), id: request.params.id, lane })),
    });
  }

  routes.delete('/v1/trainings/:id', {
    config: { access: 'train', anyTenant: true },
    schema: {
      operationId: 'deleteTraining',
      summary: 'Delete a training that has ended, or is paused; the model that came of it stays',
      description: 'One that waits or runs answers 409: cancel it first. DELETE /v1/models/{id} deletes the model.',
      tags,
      params: idParameter,
      querystring: tenantQuery,
      response: { 204: z.undefined().describe('It is gone'), '4xx': problem },
    },
    handler: async (request, reply) => {
      await deleteJob(parts, { tenant: tenantOf(request), id: request.params.id, lane });
      return await reply.code(204).send();
    },
  });
}
