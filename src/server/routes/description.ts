import type { FastifyInstance } from 'fastify';
import type { RouteContext } from '../context.ts';

/** The API description, and a signpost at the root. */
export function descriptionRoutes(app: FastifyInstance, { parts }: RouteContext): void {
  const description = { config: { access: 'public', reach: 'this machine' }, schema: { hide: true } } as const;
  app.get('/openapi.json', description, () => app.swagger());

  app.get('/', { config: { access: 'public' }, schema: { hide: true } }, () => ({
    name: 'Armature',
    version: parts.settings.version,
    openapi: '/openapi.json',
    models: '/v1/models',
    conditions: '/v1/conditions',
    generations: '/v1/generations',
  }));
}
