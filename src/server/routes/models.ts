import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { type RouteContext, tenantOf } from './context.ts';
import { modelListSchema, modelListText } from '../../models/model-list-view.ts';
import { json, problem } from './schemas.ts';

export function modelRoutes(instance: FastifyInstance, { parts }: RouteContext): void {
  instance.withTypeProvider<ZodTypeProvider>().get('/v1/models', {
    config: { access: 'read' },
    schema: {
      operationId: 'listModels',
      summary: 'Base models, ControlNets and LoRAs, which fit together, and the networks that make maps',
      description: 'Files that come, change or go are noticed without a restart.',
      tags: ['models'],
      response: { 200: json('All models', modelListSchema), '4xx': problem },
    },
    handler: async (request, reply) => {
      const mine = parts.library.of(tenantOf(request));
      const [models, annotators] = await Promise.all([mine.list(), parts.annotators.list()]);
      reply.type('application/json; charset=utf-8');
      // It is JSON already, which the server's serializer leaves as it is.
      return modelListText(models, annotators, parts.settings.defaultModel);
    },
  });
}
