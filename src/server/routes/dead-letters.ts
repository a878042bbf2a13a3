import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { identityOf } from '../access/guard.ts';
import { type RouteContext, tenantOf } from '../context.ts';
import { requireJob } from '../find-job.ts';
import { deadLetterListSchema, deadLetterView } from '../views/dead-letter.ts';
import { jobSchema } from '../views/job-schema.ts';
import { idParameter, json, pageCursor, problem, tenantQuery } from './schemas.ts';

/** Jobs that are replayed by one request. */
const replayLimit = 500;

/** Jobs that failed because of faults: looking at them, and sending them on another way. */
export function deadLetterRoutes(instance: FastifyInstance, { parts, present, links }: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { records, feeder, settings } = parts;

  const pageQuery = z.strictObject({
    limit: z.coerce.number().int().min(1).max(settings.limits.pageSize).default(20),
    cursor: pageCursor.optional(),
  });

  routes.get('/v1/dead-letters', {
    config: { access: 'read' },
    schema: {
      operationId: 'listDeadLetters',
      summary: 'List the jobs that had more faults than they may, the newest first',
      description: 'An admin sees those of all tenants, others their own.',
      tags: ['dead letters'],
      querystring: pageQuery,
      response: { 200: json('One page', deadLetterListSchema), '4xx': problem },
    },
    handler: async (request) => {
      const { limit, cursor } = request.query;
      const found = await records.faults.deadJobs(ownerOf(request), {
        limit: limit + 1,
        ...(cursor === undefined ? {} : { before: cursor }),
      });
      const page = found.slice(0, limit);
      const nextCursor = found.length > limit ? (page.at(-1)?.id ?? null) : null;
      return { data: page.map((job) => deadLetterView(job, links)), next_cursor: nextCursor };
    },
  });

  routes.post('/v1/dead-letters/replay', {
    config: { access: 'generate' },
    schema: {
      operationId: 'replayDeadLetters',
      summary: `Queue dead jobs again, the oldest ${replayLimit} at most`,
      description: 'An admin replays those of all tenants, others their own. Their faults are forgotten.',
      tags: ['dead letters'],
      response: {
        200: json(
          'They are queued',
          z
            .object({
              replayed: z.array(z.string()).describe('Ids of the jobs'),
              more: z.boolean().describe('Whether there may be more: ask again'),
            })
            .meta({ id: 'ReplayedJobs' }),
        ),
        '4xx': problem,
      },
    },
    handler: async (request) => {
      const jobs = await records.faults.retryDead(ownerOf(request), replayLimit);
      feeder.wake();
      return { replayed: jobs.map(({ id }) => id), more: jobs.length === replayLimit };
    },
  });

  routes.post('/v1/generations/:id/retry', {
    config: { access: 'generate', anyTenant: true },
    schema: {
      operationId: 'retryGeneration',
      summary: 'Queue a job again that failed or was cancelled',
      description:
        'It keeps its id and all its values, the seed too. One that waits, runs or has succeeded answers 409.',
      tags: ['generations'],
      params: idParameter,
      querystring: tenantQuery,
      response: { 200: json('The job, which waits', jobSchema), '4xx': problem },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const job = await records.faults.retry(tenant, request.params.id);
      if (job === null) {
        const { id, status } = await requireJob(records, tenant, request.params.id);
        throw new ArmatureError(
          'conflict',
          `The job ${id} is ${status}: only one that failed or was cancelled is retried.`,
        );
      }
      feeder.wake();
      return await present(job);
    },
  });
}

/** The tenant whose dead jobs a request is about; null, all of them, for an admin. */
function ownerOf(request: FastifyRequest): string | null {
  const { scopes, tenant } = identityOf(request);
  return scopes.includes('admin') ? null : tenant;
}
