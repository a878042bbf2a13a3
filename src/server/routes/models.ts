import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type RouteContext, takePlace, tenantOf } from './context.ts';
import { ArmatureError } from '../../errors.ts';
import type { AnyModel } from '../../generation/models/kinds.ts';
import { findOfAnyKind } from '../../generation/models/model-list.ts';
import { modelListAnswer, modelListSchema } from '../../models/model-list-view.ts';
import { isWeights } from '../../models/names/model-files.ts';
import { gone } from '../http/gone.ts';
import { recent } from '../health/recent.ts';
import { hasAlready } from '../http/if-none-match.ts';
import { json, problem } from './schemas.ts';

const listQuery = z.object({
  sha256: z
    .string()
    .max(255)
    .optional()
    .describe('Id of a model that is a single file: its SHA-256 is found out first'),
});

/** Milliseconds for which is trusted what workers said that they have in memory, and for which an answer is waited for. */
const asking = { lifetimeMs: 500, patienceMs: 1000 };

export function modelRoutes(instance: FastifyInstance, { parts, links, openWaits, closing }: RouteContext): void {
  const loaded = recent(async () => {
    const workers = await parts.records.workers.alive();
    return new Set(workers.flatMap((worker) => worker.loaded));
  }, asking);
  let known: ReadonlySet<string> = new Set();
  /** What was known last, where records are away: the list does without them. */
  const inMemory = async (): Promise<ReadonlySet<string>> => {
    known = (await loaded().catch(() => null)) ?? known;
    return known;
  };
  instance.withTypeProvider<ZodTypeProvider>().get('/v1/models', {
    config: { access: 'read' },
    schema: {
      operationId: 'listModels',
      summary: 'Base models, ControlNets and LoRAs, which fit together, and the networks that make maps',
      description: 'Files that come, change or go are noticed without a restart; ETag changes with the answer.',
      tags: ['models'],
      querystring: listQuery,
      response: {
        200: json('All models', modelListSchema),
        304: z.undefined().describe('The ETag in If-None-Match is still right'),
        '4xx': problem,
      },
    },
    handler: async (request, reply) => {
      const mine = parts.library.of(tenantOf(request));
      const { sha256: asked } = request.query;
      if (asked !== undefined) {
        const path = singleFileOf(findOfAnyKind(await mine.list(), asked, 'sha256'));
        takePlace(openWaits, reply);
        await endOf(parts.library.hashes.of(path), gone(reply, closing));
      }
      const [models, annotators, loadedNow] = await Promise.all([mine.list(), parts.annotators.list(), inMemory()]);
      const { bytes, etag } = modelListAnswer(models, annotators, {
        defaultModel: parts.settings.defaultModel,
        previewOf: (id) => links.preview(id),
        hashes: parts.library.hashes,
        loaded: loadedNow,
      });
      // Whose key it is decides what it says: no cache may give it to others.
      reply.headers({ etag, 'cache-control': 'private, no-cache' });
      if (hasAlready(request.headers['if-none-match'], etag)) return await reply.code(304).send();
      return await reply.type('application/json; charset=utf-8').send(bytes);
    },
  });
}

/** Waits for some work as long as somebody wants to know: it goes on without him. */
async function endOf(work: Promise<unknown>, left: AbortSignal): Promise<void> {
  const leaving = new Promise<void>((resolve) => {
    if (left.aborted) resolve();
    else left.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([work, leaving]);
}

function singleFileOf({ id, path }: AnyModel): string {
  if (isWeights(path)) return path;
  const detail = `${id} is a folder of several files, which have no SHA-256 as a whole: \`hash\` tells it from others.`;
  throw new ArmatureError('invalid_request', detail, { field: 'sha256' });
}
