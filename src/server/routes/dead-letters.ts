import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { pageOf } from '../http/page.ts';
import { ArmatureError } from '../../errors.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import type { Job } from '../../generation/job.ts';
import type { GiveBack } from '../load/admission.ts';
import { admitAgain, admitFirstAgain, costOf } from '../load/draw-again.ts';
import { identityOf } from '../access/guard.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { requireJob } from '../jobs/find-job.ts';
import { deadLetterListSchema, deadLetterView } from '../views/dead-letter.ts';
import { jobSchema } from '../views/job-schema.ts';
import { idParameter, json, pageQuery, problem, tenantQuery } from './schemas.ts';

/** Jobs that are replayed by one request, and by one statement. */
const replayLimit = 500;
const slice = 25;

/** Jobs that failed because of faults: looking at them, and sending them on another way. */
export function deadLetterRoutes(instance: FastifyInstance, context: RouteContext): void {
  const { parts, present, links, admission } = context;
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { records, feeder, settings } = parts;

  const listQuery = z.strictObject(pageQuery(settings.limits.pageSize));

  routes.get('/v1/dead-letters', {
    config: { access: 'read' },
    schema: {
      operationId: 'listDeadLetters',
      summary: 'List the jobs that had more faults than they may, the newest first',
      description: 'An admin sees those of all tenants, others their own.',
      tags: ['dead letters'],
      querystring: listQuery,
      response: { 200: json('One page', deadLetterListSchema), '4xx': problem },
    },
    handler: async (request) => {
      const { limit, cursor } = request.query;
      const found = await records.faults.deadJobs(ownerOf(request), {
        limit: limit + 1,
        ...(cursor === undefined ? {} : { before: cursor }),
      });
      const { rows, nextCursor } = pageOf(found, limit);
      return { data: rows.map((job) => deadLetterView(job, links)), next_cursor: nextCursor };
    },
  });

  routes.post('/v1/dead-letters/replay', {
    config: { access: 'generate' },
    schema: {
      operationId: 'replayDeadLetters',
      summary: `Queue dead jobs again, the oldest ${replayLimit} at most`,
      description:
        'An admin replays those of all tenants, others their own. Their faults are forgotten. They are charged again: no more of them are queued than there is room and quota for.',
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
      const dead = await records.faults.oldestDead(ownerOf(request), replayLimit);
      if (dead.length === 0) return { replayed: [], more: false };
      const { admitted, giveBack } = await admitFirstAgain(admission, identityOf(request), dead);
      const replayed = new Set<string>();
      try {
        for (let start = 0; start < admitted.length; start += slice) {
          const ids = admitted.slice(start, start + slice).map(({ id }) => id);
          for (const id of await records.faults.retryDead(ids)) replayed.add(id);
        }
      } finally {
        await returnCharge(giveBack, costOf(admitted.filter(({ id }) => !replayed.has(id))));
      }
      feeder.wake();
      return { replayed: [...replayed], more: dead.length === replayLimit || admitted.length < dead.length };
    },
  });

  routes.post('/v1/generations/:id/retry', {
    config: { access: 'generate', anyTenant: true },
    schema: {
      operationId: 'retryGeneration',
      summary: 'Queue a job again that failed or was cancelled',
      description:
        'It keeps its id and all its values, the seed too, and is charged again. One that waits, runs or has succeeded answers 409.',
      tags: ['generations'],
      params: idParameter,
      querystring: tenantQuery,
      response: { 200: json('The job, which waits', jobSchema), '4xx': problem },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const { id } = request.params;
      const known = await requireRetryable(tenant, id);
      const again = { tenant, cost: kindOf(known.plan).cost(known.plan) };
      const giveBack = await admitAgain(admission, identityOf(request), [again]);
      let job: Job | null = null;
      try {
        job = await records.faults.retry(tenant, id);
      } finally {
        if (job === null) await returnCharge(giveBack, again.cost);
      }
      // Another request was first.
      if (job === null) return await present(await requireRetryable(tenant, id));
      feeder.wake();
      return await present(job);
    },
  });

  async function requireRetryable(tenant: string, id: string): Promise<Job> {
    const job = await requireJob(records, tenant, id);
    if (job.status === 'failed' || job.status === 'cancelled') return job;
    const detail = `The job ${id} is ${job.status}: only one that failed or was cancelled is retried.`;
    throw new ArmatureError('conflict', detail);
  }

  async function returnCharge(giveBack: GiveBack, part: number): Promise<void> {
    if (part === 0) return;
    await giveBack(part).catch((err: unknown) => parts.log.warn({ err }, 'what was not drawn again stays charged'));
  }
}

/** The tenant whose dead jobs a request is about; null, all of them, for an admin. */
function ownerOf(request: FastifyRequest): string | null {
  const { scopes, tenant } = identityOf(request);
  return scopes.includes('admin') ? null : tenant;
}
