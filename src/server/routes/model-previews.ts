import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { allModels } from '../../generation/models/model-list.ts';
import { pictureFormats, sniffFormat } from '../../images/format.ts';
import { readPreview } from '../../models/preview.ts';
import { hasAlready } from '../http/if-none-match.ts';
import { type RouteContext, takePlace, tenantOf } from './context.ts';
import { idParameter, pictureContent, problem } from './schemas.ts';

/** The formats of pictures beside models: what every browser shows. */
const shown: ReadonlySet<string> = new Set(['png', 'jpeg', 'webp']);

/** Pictures that lie beside models. A request names a model, never a file. */
export function modelPreviewRoutes(instance: FastifyInstance, { parts, openDownloads }: RouteContext): void {
  instance.withTypeProvider<ZodTypeProvider>().get('/v1/models/:id/preview', {
    config: { access: 'read', signable: true },
    schema: {
      operationId: 'getModelPreview',
      summary: 'The picture that lies beside a model',
      description: 'As it lies there. ETag is the SHA-256 of its bytes.',
      tags: ['models'],
      params: idParameter,
      response: {
        200: { description: 'The picture', content: pictureContent() },
        304: z.undefined().describe('The ETag in If-None-Match is still right'),
        '4xx': problem,
      },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const models = await parts.library.of(tenantOf(request)).list();
      const path = allModels(models).find((model) => model.id === id)?.preview;
      takePlace(openDownloads, reply);
      const bytes = path === undefined ? null : await readPreview(path);
      const format = bytes === null ? undefined : sniffFormat(bytes);
      if (bytes === null || format === undefined || !shown.has(format)) throw missing(id);
      const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
      // Whose key it is decides who may see it, and another picture may come under its name.
      reply.headers({ etag, 'cache-control': 'private, no-cache' });
      if (hasAlready(request.headers['if-none-match'], etag)) return await reply.code(304).send();
      return await reply.type(pictureFormats[format]).send(bytes);
    },
  });
}

function missing(id: string): ArmatureError {
  const detail = `No model ${JSON.stringify(id.slice(0, 100))} has a picture beside it: a PNG, JPEG or WebP of at most 8 MiB. GET /v1/models says which have one.`;
  return new ArmatureError('not_found', detail);
}
