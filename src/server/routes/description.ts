import type { FastifyInstance } from 'fastify';

/** The API description. */
export function descriptionRoutes(app: FastifyInstance): void {
  const description = { config: { access: 'public' }, schema: { hide: true } } as const;
  app.get('/openapi.json', description, () => app.swagger());
}
