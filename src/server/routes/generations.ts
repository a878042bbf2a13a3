import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { jobStatuses } from '../../generation/job.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { requireJob } from '../jobs/find-job.ts';
import { jobListSchema, jobSchema } from '../views/job-schema.ts';
import { idParameter, json, pageQuery, problem, tenantQuery } from './schemas.ts';

/** Reading jobs. */
export function generationRoutes(instance: FastifyInstance, { parts, present }: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { records, settings } = parts;

  const listQuery = z.strictObject({
    ...tenantQuery.shape,
    status: z.enum(jobStatuses).optional(),
    ...pageQuery(settings.limits.pageSize),
  });

  routes.get('/v1/generations', {
    config: { access: 'read', anyTenant: true },
    schema: {
      operationId: 'listGenerations',
      summary: 'List jobs, the newest first',
      description: 'Jobs of the tenant of the key. Items of batches are among them.',
      tags: ['generations'],
      querystring: listQuery,
      response: { 200: json('One page', jobListSchema), '4xx': problem },
    },
    handler: async (request) => {
      const { status, limit, cursor } = request.query;
      const found = await records.listJobs(tenantOf(request), {
        limit: limit + 1,
        ...(status === undefined ? {} : { status }),
        ...(cursor === undefined ? {} : { before: cursor }),
      });
      const page = found.slice(0, limit);
      const nextCursor = found.length > limit ? (page.at(-1)?.id ?? null) : null;
      return { data: await Promise.all(page.map(present)), next_cursor: nextCursor };
    },
  });

  routes.get('/v1/generations/:id', {
    config: { access: 'read', anyTenant: true },
    schema: {
      operationId: 'getGeneration',
      summary: 'Read a job',
      description: 'Its status, its progress, every value as it was resolved, and where its pictures are.',
      tags: ['generations'],
      params: idParameter,
      querystring: tenantQuery,
      response: { 200: json('The job', jobSchema), '4xx': problem },
    },
    handler: async (request) => await present(await requireJob(records, tenantOf(request), request.params.id)),
  });
}
