import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { answerWithEvents } from './answer-stream.ts';
import { batchEvents, endedId } from '../batches/batch-events.ts';
import { batchSheet } from '../batches/batch-sheet.ts';
import { requireBatch } from '../batches/find-batch.ts';
import { resultArchive } from '../batches/result-archive.ts';
import { resultLines } from '../batches/result-lines.ts';
import { type RouteContext, takePlace, tenantOf } from './context.ts';
import { acceptedPicture, acceptedTypes } from '../http/preferences.ts';
import { idParameter, pictureContent, problem } from './schemas.ts';
import { gone } from '../http/gone.ts';
import { hasEnded } from '../../generation/batch.ts';

const text = (type: string) => ({ [type]: { schema: z.unknown().meta({ type: 'string' }) } });
const binary = z.unknown().meta({ type: 'string', format: 'binary' });
const jsonLines = 'application/jsonl';
const zip = 'application/zip';

/** What a batch has drawn, in several forms, at any time: of what has not ended yet there is only its status. */
export function batchResultRoutes(instance: FastifyInstance, context: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { parts, links, presentBatch, closing } = context;
  const { records, store, settings } = parts;

  routes.get('/v1/batches/:id/results', {
    config: { access: 'read' },
    schema: {
      operationId: 'getBatchResults',
      summary: 'All items as JSON Lines, or a zip archive of all pictures',
      description: 'Items that have not ended are listed without pictures.',
      tags: ['batches'],
      params: idParameter,
      response: {
        200: {
          description: 'One line an item; with Accept: application/zip the pictures and these lines as manifest.jsonl',
          content: { ...text(jsonLines), [zip]: { schema: binary } },
        },
        '4xx': problem,
      },
    },
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const { id } = await requireBatch(records, tenantOf(request), request.params.id);
      takePlace(context.openDownloads, reply);
      if (wantsArchive(request.headers.accept)) {
        reply.type(zip).header('content-disposition', `attachment; filename="${id}.zip"`);
        return await reply.send(await resultArchive(records, store, id, links));
      }
      reply.type(`${jsonLines}; charset=utf-8`);
      return await reply.send(Readable.from(resultLines(records, id, links), { objectMode: false }));
    },
  });

  routes.get('/v1/batches/:id/sheet', {
    config: { access: 'read' },
    schema: {
      operationId: 'getBatchSheet',
      summary: 'A contact sheet of the first picture of each item; a matrix with its values beside rows and columns',
      description: 'Accept chooses its format: image/png, image/jpeg or image/webp.',
      tags: ['batches'],
      params: idParameter,
      response: { 200: { description: 'One picture', content: pictureContent() }, '4xx': problem },
    },
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const batch = await requireBatch(records, tenantOf(request), request.params.id);
      const format = acceptedPicture(request.headers.accept);
      const { bytes, contentType } = await batchSheet(records, store, batch, format, gone(reply, closing));
      return await reply.type(contentType).header('cache-control', 'no-store').send(bytes);
    },
  });

  routes.get('/v1/batches/:id/events', {
    config: { access: 'read', signable: true },
    schema: {
      operationId: 'streamBatchEvents',
      summary: 'Follow a batch: progress with the whole batch whenever it changed, and at last ended',
      description: 'Server-sent events; comments keep the connection open meanwhile.',
      tags: ['batches'],
      params: idParameter,
      headers: z.object({ 'last-event-id': z.string().optional() }),
      response: {
        200: { description: 'Server-sent events', content: text('text/event-stream') },
        204: z.undefined().describe('The batch has ended, and Last-Event-ID says that this was seen'),
        '4xx': problem,
        '5xx': problem,
      },
    },
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const batch = await requireBatch(records, tenantOf(request), request.params.id);
      const { heartbeatMs, pollMs } = settings.limits;
      if (hasEnded(batch) && request.headers['last-event-id'] === endedId) return await reply.code(204).send();
      return await answerWithEvents(context, reply, (signal) =>
        batchEvents(records, batch, presentBatch, { signal, heartbeatMs, paceMs: pollMs / 2 }),
      );
    },
  });
}

/** Whether a zip archive is preferred to lines; `not_acceptable` where neither will do. */
function wantsArchive(accept: string | undefined): boolean {
  const isLines = (type: string): boolean => /^(\*\/\*|application\/(\*|json|jsonl|x-ndjson|x-jsonlines))$/.test(type);
  const best = acceptedTypes(accept).find((type) => type === zip || isLines(type));
  if (best !== undefined) return best === zip;
  throw new ArmatureError('not_acceptable', `Expected Accept to allow ${jsonLines} or ${zip}.`, {
    field: 'Accept',
    choices: [jsonLines, zip],
  });
}
