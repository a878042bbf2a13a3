import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { drawnStatuses } from '../../generation/job.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { requireJob } from '../jobs/find-job.ts';
import { jobListSchema, jobSchema } from '../views/job-schema.ts';
import { jobListQuery, listJobs } from './job-list.ts';
import { idParameter, json, problem, tenantQuery } from './schemas.ts';

/** Reading jobs. */
export function generationRoutes(instance: FastifyInstance, context: RouteContext): void {
  const { parts, present } = context;
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { records, settings } = parts;

  routes.get('/v1/generations', {
    config: { access: 'read', anyTenant: true },
    schema: {
      operationId: 'listGenerations',
      summary: 'List jobs, the newest first',
      description: 'Jobs of the tenant of the key. Items of batches are among them.',
      tags: ['generations'],
      querystring: jobListQuery(settings.limits.pageSize, drawnStatuses),
      response: { 200: json('One page', jobListSchema), '4xx': problem },
    },
    handler: async (request) => await listJobs(context, tenantOf(request), request.query, 'pictures'),
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
