import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isFinal } from '../../generation/job.ts';
import { gone, type RouteContext, tenantOf } from '../context.ts';
import { eventStream } from '../event-stream.ts';
import { requireJob } from '../find-job.ts';
import { idParameter, problem, tenantQuery } from './schemas.ts';

const headers = z.object({
  'last-event-id': z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional()
    .describe('id of the last event that was seen'),
});

/** A job's events as they happen (server-sent events). */
export function generationEventRoutes(instance: FastifyInstance, context: RouteContext): void {
  const { parts, present, closing } = context;
  const { heartbeatMs, pollMs } = parts.settings.limits;

  instance.withTypeProvider<ZodTypeProvider>().get('/v1/generations/:id/events', {
    config: { access: 'read', anyTenant: true },
    schema: {
      operationId: 'streamGenerationEvents',
      summary: 'Follow a job: queued, started, progress, then succeeded, failed or cancelled with the whole job',
      tags: ['generations'],
      params: idParameter,
      querystring: tenantQuery,
      headers,
      response: {
        200: {
          description: 'Server-sent events',
          content: { 'text/event-stream': { schema: z.unknown().meta({ type: 'string' }) } },
        },
        204: z.undefined().describe('The job has ended and Last-Event-ID was its last event'),
        '4xx': problem,
      },
    },
    // A HEAD request would start a stream that nobody reads.
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const job = await requireJob(parts.records, tenantOf(request), request.params.id);
      const after = request.headers['last-event-id'] ?? 0;
      if (isFinal(job.status) && (await parts.records.eventsAfter(job.id, after)).length === 0) {
        return await reply.code(204).send();
      }
      const signal = gone(reply, closing);
      const events = eventStream(parts.records, job, present, {
        after,
        signal,
        pollMs,
        progress: true,
        heartbeatMs,
        clock: parts.clock,
      });
      reply
        .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
        .type('text/event-stream; charset=utf-8');
      return await reply.send(Readable.from(events, { objectMode: false }));
    },
  });
}
