import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { kindOf } from '../../generation/kinds/kinds.ts';
import { isFinal } from '../../generation/job.ts';
import { answerWithEvents } from './answer-stream.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { eventStream } from '../jobs/event-stream.ts';
import { requireJob } from '../jobs/find-job.ts';
import { idParameter, problem, tenantQuery } from './schemas.ts';

const eventId = z.coerce
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1)
  .optional();
const headers = z.object({ 'last-event-id': eventId.describe('id of the last event that was seen') });
const query = tenantQuery.extend({
  last_event_id: eventId.describe('The same, for a client that cannot set headers; the later of the two counts'),
});

/** A job's events as they happen (server-sent events). */
export function generationEventRoutes(instance: FastifyInstance, context: RouteContext): void {
  const { parts, present } = context;
  const { heartbeatMs, pollMs } = parts.settings.limits;

  instance.withTypeProvider<ZodTypeProvider>().get('/v1/generations/:id/events', {
    config: { access: 'read', anyTenant: true, signable: true },
    schema: {
      operationId: 'streamGenerationEvents',
      summary:
        'Follow a job: queued, started, progress, preview, then succeeded, failed or cancelled with the whole job',
      description:
        'Server-sent events. Last-Event-ID goes on after an event that was seen; comments keep the connection open meanwhile. ' +
        'A preview, of a job that asked for them, has no id and is not sent again.',
      tags: ['generations'],
      params: idParameter,
      headers,
      querystring: query,
      response: {
        200: {
          description: 'Server-sent events',
          content: { 'text/event-stream': { schema: z.unknown().meta({ type: 'string' }) } },
        },
        204: z.undefined().describe('The job has ended and Last-Event-ID was its last event'),
        '4xx': problem,
        '5xx': problem,
      },
    },
    // A HEAD request would start a stream that nobody reads.
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const tenant = tenantOf(request);
      const job = await requireJob(parts.records, tenant, request.params.id);
      const after = Math.max(request.headers['last-event-id'] ?? 0, request.query.last_event_id ?? 0);
      if (isFinal(job.status) && (await parts.records.eventsAfter(job.id, after)).length === 0) {
        return await reply.code(204).send();
      }
      const { clock } = parts;
      const previews = kindOf(job.plan).showsPreviews(job.plan) ? parts.records.previews : null;
      const options = { after, pollMs, progress: true, heartbeatMs, clock, previews };
      return await answerWithEvents(context, reply, (signal) =>
        eventStream(parts.records, job, present, { ...options, signal }),
      );
    },
  });
}
