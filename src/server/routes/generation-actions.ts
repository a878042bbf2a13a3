import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { deleteObjects } from '../../retention/leftovers.ts';
import { checkpointPrefix } from '../../store/keys.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { deleteLeftovers } from '../jobs/delete-leftovers.ts';
import { missingJob, requireJob } from '../jobs/find-job.ts';
import { jobSchema } from '../views/job-schema.ts';
import { idParameter, json, problem, tenantQuery } from './schemas.ts';

/** Cancelling and deleting jobs. */
export function generationActionRoutes(instance: FastifyInstance, { parts, present }: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { records, queue, store } = parts;

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
    handler: async (request) => {
      const { id } = request.params;
      const job = (await records.requestCancel(tenantOf(request), id)) ?? missingJob(id);
      if (job.status === 'succeeded' || job.status === 'failed') {
        throw new ArmatureError('conflict', `The job ${id} has ${job.status} already and cannot be cancelled.`);
      }
      // Only tidies up: a worker that gets the ticket of a cancelled job drops it.
      if (job.status === 'cancelled') {
        await queue.remove(id).catch((err: unknown) => parts.log.warn({ err, job: id }, 'ticket stays'));
        if (job.checkpoint !== null) await store.deleteAll(checkpointPrefix(job));
      }
      return await present(job);
    },
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
      const { id } = request.params;
      const tenant = tenantOf(request);
      if (!(await records.deleteJob(tenant, id))) {
        const { status } = await requireJob(records, tenant, id);
        throw new ArmatureError('conflict', `The job ${id} is ${status}: cancel it before it is deleted.`);
      }
      await deleteLeftovers(parts, async () => await deleteObjects(parts, [{ tenant, id }]));
      return await reply.code(204).send();
    },
  });
}
