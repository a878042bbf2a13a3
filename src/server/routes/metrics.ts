import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

/** What the process counts, for Prometheus. */
export function metricsRoutes(app: FastifyInstance, registry: Registry): void {
  app.get(
    '/metrics',
    { config: { access: 'admin' }, schema: { hide: true }, logLevel: 'warn' },
    async (_request, reply) => {
      const text = await registry.metrics();
      return await reply.type(registry.contentType).send(text);
    },
  );
}
