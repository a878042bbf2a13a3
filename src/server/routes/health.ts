import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { RouteContext } from '../context.ts';
import { problemOf, problemType } from '../problem.ts';
import { readiness, readinessSchema } from '../readiness.ts';
import { json, problem } from './schemas.ts';

/** Whether the process lives, and whether it can do its work. */
export function healthRoutes(instance: FastifyInstance, { parts }: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();

  routes.get('/livez', {
    config: { access: 'public' },
    schema: {
      operationId: 'livez',
      summary: 'Whether the process answers',
      tags: ['health'],
      response: { 200: json('It does', z.object({ status: z.literal('ok') })) },
    },
    logLevel: 'warn',
    handler: () => ({ status: 'ok' as const }),
  });

  routes.get('/readyz', {
    config: { access: 'public' },
    schema: {
      operationId: 'readyz',
      summary: 'Whether database, queue, store and device are there',
      tags: ['health'],
      response: { 200: json('They are', readinessSchema), 503: problem },
    },
    logLevel: 'warn',
    handler: async (request, reply) => {
      const state = await readiness(parts);
      if (state.ready) return await reply.send({ status: 'ready', checks: state.checks });
      const detail = `Not ready: ${state.missing.join(', ')}.`;
      const body = { ...problemOf({ code: 'unavailable', detail }), instance: request.id, checks: state.checks };
      return await reply.code(503).header('retry-after', 2).type(problemType).send(body);
    },
  });
}
