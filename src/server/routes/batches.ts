import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { batchBody, lineOptions } from '../../generation/batch-request.ts';
import { hasEnded } from '../../generation/batch.ts';
import { drawnStatuses } from '../../generation/job.ts';
import { identityOf } from '../access/guard.ts';
import { requireBatch } from '../batches/find-batch.ts';
import { deleteBatch } from '../batches/delete-batch.ts';
import { linesTypes, readItems } from '../batches/read-items.ts';
import { retryBatch } from '../batches/retry-batch.ts';
import { submitOnce } from '../batches/submit-once.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { batchItemsSchema, batchListSchema, batchSchema, itemPresenter } from '../views/batch-view.ts';
import { acceptJson } from '../plugins/json-bodies.ts';
import { batchForm } from './form-schemas.ts';
import { idParameter, json, pageQuery, problem, submissionBody } from './schemas.ts';
import { unchecked } from './submission-route.ts';

const lines = { schema: z.string().meta({ format: 'binary' }).describe('One GenerationRequest a line') };

/** Batches of generations: making, reading, cancelling, deleting. Belongs into a scope of its own: its bodies are streams. */
export function batchRoutes(instance: FastifyInstance, context: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { parts, links, presentBatch, batchWork } = context;
  const { records, settings } = parts;
  const presentItem = itemPresenter(records, links);
  acceptJson(instance, settings.limits.batchValues);
  routes.addContentTypeParser([...linesTypes], (_request, payload, done) => done(null, payload));

  routes.post('/v1/batches', {
    config: { access: 'generate', submits: true },
    schema: {
      operationId: 'createBatch',
      summary: 'Draw many pictures: a list of requests, or a template and a matrix of values',
      description:
        'All items are checked before the first is accepted: where one is at fault, none is, and the answer lists the faults.',
      tags: ['batches'],
      querystring: lineOptions.describe('For JSON Lines, whose items leave no room for it'),
      body: {
        content: {
          ...submissionBody(batchBody, batchForm).content,
          ...Object.fromEntries(linesTypes.map((type) => [type, lines])),
        },
      },
      response: {
        202: json('Accepted as a whole; Location is its address', batchSchema),
        '4xx': problem,
        '5xx': problem,
      },
    },
    ...unchecked,
    handler: async (request, reply) => {
      const submission = await readItems(request, settings.limits);
      const batch = await submitOnce(context, request, reply, submission);
      return await reply
        .code(202)
        .header('location', links.batch(batch.id))
        .send(await presentBatch(batch));
    },
  });

  routes.get('/v1/batches', {
    config: { access: 'read' },
    schema: {
      operationId: 'listBatches',
      summary: 'List batches, the newest first',
      description: 'Batches of the tenant of the key.',
      tags: ['batches'],
      querystring: z.strictObject(pageQuery(settings.limits.pageSize)),
      response: { 200: json('One page', batchListSchema), '4xx': problem },
    },
    handler: async (request) => {
      const { limit, cursor } = request.query;
      const query = { limit: limit + 1, ...(cursor === undefined ? {} : { before: cursor }) };
      const found = await records.batches.list(tenantOf(request), query);
      const data = await Promise.all(found.slice(0, limit).map(presentBatch));
      return { data, next_cursor: found.length > limit ? (data.at(-1)?.id ?? null) : null };
    },
  });

  routes.get('/v1/batches/:id', {
    config: { access: 'read' },
    schema: {
      operationId: 'getBatch',
      summary: 'Read a batch: its counters and its progress',
      description: 'How many of its items wait, run and have ended, and how far it is as a whole.',
      tags: ['batches'],
      params: idParameter,
      response: { 200: json('The batch', batchSchema), '4xx': problem },
    },
    handler: async (request) => await presentBatch(await requireBatch(records, tenantOf(request), request.params.id)),
  });

  routes.get('/v1/batches/:id/items', {
    config: { access: 'read' },
    schema: {
      operationId: 'listBatchItems',
      summary: 'List the items of a batch in their order',
      description: 'Each item is a job: what is said of GET /v1/generations/{id} holds for it.',
      tags: ['batches'],
      params: idParameter,
      querystring: z.strictObject({
        ...pageQuery(settings.limits.pageSize),
        status: z.enum(drawnStatuses).optional(),
        cursor: z
          .string()
          .regex(/^\d{1,9}$/, { error: 'next_cursor of the page before' })
          .optional()
          .describe('next_cursor of the page before'),
      }),
      response: { 200: json('One page of jobs', batchItemsSchema), '4xx': problem },
    },
    handler: async (request) => {
      const { status, limit, cursor } = request.query;
      const { id } = await requireBatch(records, tenantOf(request), request.params.id);
      const found = await records.batches.items(id, {
        limit: limit + 1,
        ...(status === undefined ? {} : { status }),
        ...(cursor === undefined ? {} : { after: Number(cursor) }),
      });
      const items = found.slice(0, limit);
      const last = items.at(-1)?.batch?.index;
      return {
        data: await Promise.all(items.map(presentItem)),
        next_cursor: found.length > limit && last !== undefined ? String(last) : null,
      };
    },
  });

  routes.post('/v1/batches/:id/cancel', {
    config: { access: 'generate' },
    schema: {
      operationId: 'cancelBatch',
      summary: 'Cancel what has not ended: waiting items at once, running ones within a step',
      description: 'What its items have drawn stays.',
      tags: ['batches'],
      params: idParameter,
      response: {
        200: json('The batch', batchSchema),
        202: json('The batch; the rest of it is cancelled in the background, and none of it is started', batchSchema),
        '4xx': problem,
      },
    },
    handler: async (request, reply) => {
      const { id, tenant } = await requireBatch(records, tenantOf(request), request.params.id);
      const done = await batchWork.cancel(id);
      const batch = await requireBatch(records, tenant, id);
      // Where nothing waits or runs there is no rest, however long it took to see that.
      return await reply.code(done || hasEnded(batch) ? 200 : 202).send(await presentBatch(batch));
    },
  });

  routes.post('/v1/batches/:id/retry', {
    config: { access: 'generate' },
    schema: {
      operationId: 'retryBatch',
      summary: 'Draw its failed and cancelled items again',
      description: 'Items that have succeeded stay as they are. The others are charged again.',
      tags: ['batches'],
      params: idParameter,
      response: {
        200: json('The batch', batchSchema),
        202: json('The batch; the rest of it is queued in the background', batchSchema),
        '4xx': problem,
        '5xx': problem,
      },
    },
    handler: async (request, reply) => {
      const identity = identityOf(request);
      const done = await retryBatch(context, identity, request.params.id);
      const batch = await requireBatch(records, identity.tenant, request.params.id);
      return await reply.code(done ? 200 : 202).send(await presentBatch(batch));
    },
  });

  routes.delete('/v1/batches/:id', {
    config: { access: 'generate' },
    schema: {
      operationId: 'deleteBatch',
      summary: 'Delete a batch that has ended, with its items, their outputs and their maps',
      description: 'One that has not ended answers 409: cancel it first.',
      tags: ['batches'],
      params: idParameter,
      response: {
        202: z.undefined().describe('It is gone; what it takes up goes in the background'),
        204: z.undefined().describe('It is gone'),
        '4xx': problem,
      },
    },
    handler: async (request, reply) => {
      const done = await deleteBatch(records, batchWork, tenantOf(request), request.params.id);
      return await reply.code(done ? 204 : 202).send();
    },
  });
}
