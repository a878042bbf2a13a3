import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type RouteContext, tenantOf } from './context.ts';
import { cancelJob, deleteJob } from '../jobs/end-job.ts';
import { jobSchema } from '../views/job-schema.ts';
import { idParameter, json, problem, tenantQuery } from './schemas.ts';

/** Cancelling and deleting jobs. */
export function generationActionRoutes(instance: FastifyInstance, { parts, present }: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();

  routes.post('/v1/generations/:id/cancel', {
    config: { access: 'generate', anyTenant: true },
    schema: {
      operationId: 'cancelGeneration',
      summary: 'Cancel a job: at once while it waits, within one step while it is drawn',
      description: 'One that has ended otherwise than by a cancellation answers 409.',
      tags: ['generations'],
      params: idParameter,
      querystring: tenantQuery,
      response: { 200: json('The job; a running one ends a moment later', jobSchema), '4xx': problem },
    },
    handler: async (request) =>
      await present(await cancelJob(parts, { tenant: tenantOf(request), id: request.params.id, lane: 'pictures' })),
  });

  routes.delete('/v1/generations/:id', {
    config: { access: 'generate', anyTenant: true },
    schema: {
      operationId: 'deleteGeneration',
      summary: 'Delete a job that has ended, with all that is only its own',
      description: 'Its outputs and maps go with it. One that has not ended answers 409: cancel it first.',
      tags: ['generations'],
      params: idParameter,
      querystring: tenantQuery,
      response: { 204: z.undefined().describe('It is gone'), '4xx': problem },
    },
    handler: async (request, reply) => {
      await deleteJob(parts, { tenant: tenantOf(request), id: request.params.id, lane: 'pictures' });
      return await reply.code(204).send();
    },
  });
}
