import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { kindOf } from '../../generation/kinds/kinds.ts';
import { isFinal, type Job } from '../../generation/job.ts';
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
export const eventHeaders = z.object({ 'last-event-id': eventId.describe('id of the last event that was seen') });
export const eventQuery = tenantQuery.extend({
  last_event_id: eventId.describe('The same, for a client that cannot set headers; the later of the two counts'),
});

export const eventAnswers = {
  200: {
    description: 'Server-sent events',
    content: { 'text/event-stream': { schema: z.unknown().meta({ type: 'string' }) } },
  },
  204: z.undefined().describe('The job has ended and Last-Event-ID was its last event'),
  '4xx': problem,
  '5xx': problem,
};

/** A job's events as they happen (server-sent events). */
export function generationEventRoutes(instance: FastifyInstance, context: RouteContext): void {
  const { parts } = context;

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
      headers: eventHeaders,
      querystring: eventQuery,
      response: eventAnswers,
    },
    // A HEAD request would start a stream that nobody reads.
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const job = await requireJob(parts.records, tenantOf(request), request.params.id);
      return await sendEvents(context, request, reply, job);
    },
  });
}

/** What a request for the events of a job says of where to go on. */
export interface EventsRequest {
  readonly headers: z.output<typeof eventHeaders>;
  readonly query: z.output<typeof eventQuery>;
}

/** Answers with the events of a job, from those that were seen on. */
export async function sendEvents(
  context: RouteContext,
  { headers, query }: EventsRequest,
  reply: FastifyReply,
  job: Job,
): Promise<FastifyReply> {
  const { parts, present } = context;
  const { heartbeatMs, pollMs } = parts.settings.limits;
  const after = Math.max(headers['last-event-id'] ?? 0, query.last_event_id ?? 0);
  if (isFinal(job.status) && (await parts.records.eventsAfter(job.id, after)).length === 0) {
    return await reply.code(204).send();
  }
  const { clock } = parts;
  const previews = kindOf(job.plan).showsPreviews(job.plan) ? parts.records.previews : null;
  const options = { after, pollMs, progress: true, heartbeatMs, clock, previews };
  return await answerWithEvents(context, reply, (signal) =>
    eventStream(parts.records, job, present, { ...options, signal }),
  );
}
