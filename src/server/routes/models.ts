import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type RouteContext, tenantOf } from './context.ts';
import { modelListAnswer, modelListSchema } from '../../models/model-list-view.ts';
import { hasAlready } from '../http/if-none-match.ts';
import { json, problem } from './schemas.ts';

export function modelRoutes(instance: FastifyInstance, { parts, links }: RouteContext): void {
  instance.withTypeProvider<ZodTypeProvider>().get('/v1/models', {
    config: { access: 'read' },
    schema: {
      operationId: 'listModels',
      summary: 'Base models, ControlNets and LoRAs, which fit together, and the networks that make maps',
      description:
        'Files that come, change or go are noticed without a restart. ETag changes whenever the answer does: a list that is asked for again and again is asked for with If-None-Match.',
      tags: ['models'],
      response: {
        200: json('All models', modelListSchema),
        304: z.undefined().describe('The ETag in If-None-Match is still right'),
        '4xx': problem,
      },
    },
    handler: async (request, reply) => {
      const mine = parts.library.of(tenantOf(request));
      const [models, annotators] = await Promise.all([mine.list(), parts.annotators.list()]);
      const { bytes, etag } = modelListAnswer(models, annotators, {
        defaultModel: parts.settings.defaultModel,
        previewOf: (id) => links.preview(id),
      });
      // Whose key it is decides what it says: no cache may give it to others.
      reply.headers({ etag, 'cache-control': 'private, no-cache' });
      if (hasAlready(request.headers['if-none-match'], etag)) return await reply.code(304).send();
      return await reply.type('application/json; charset=utf-8').send(bytes);
    },
  });
}
