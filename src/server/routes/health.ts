import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { problemOf, problemType } from '../http/problem.ts';
import { createReadiness, type HealthParts, readinessSchema } from '../health/readiness.ts';
import { json, problem } from './schemas.ts';

/** Whether the process lives, and whether it can do its work. */
export function healthRoutes(instance: FastifyInstance, parts: HealthParts): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const readiness = createReadiness(parts);

  routes.get('/livez', {
    config: { access: 'public', reach: 'anybody' },
    schema: {
      operationId: 'livez',
      summary: 'Whether the process answers',
      description: 'For supervisors: it asks no other part of the service.',
      tags: ['health'],
      response: {
        200: json('It does', z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' })),
        '4xx': problem,
      },
    },
    logLevel: 'warn',
    handler: () => ({ status: 'ok' as const }),
  });

  routes.get('/readyz', {
    config: { access: 'public', reach: 'anybody' },
    schema: {
      operationId: 'readyz',
      summary: 'Whether database, queue, store and device are there',
      description: 'For load balancers. Each part answers for itself, so that what is missing has a name.',
      tags: ['health'],
      response: { 200: json('They are', readinessSchema), '4xx': problem, 503: problem },
    },
    logLevel: 'warn',
    handler: async (request, reply) => {
      const { ready, missing, checks, workers } = await readiness();
      if (ready) return await reply.send({ status: 'ready', checks, workers });
      const detail = `Not ready: ${missing.join(', ')}.`;
      const body = { ...problemOf({ code: 'unavailable', detail }), instance: request.id, checks, workers };
      return await reply.code(503).header('retry-after', 2).type(problemType).send(body);
    },
  });
}
