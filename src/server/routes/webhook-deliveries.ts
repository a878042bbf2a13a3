import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { pageOf } from '../http/page.ts';
import { ArmatureError } from '../../errors.ts';
import { deliveryStatuses } from '../../records/schema/schema.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { deliveryListSchema, deliverySchema, deliveryView } from '../views/delivery-view.ts';
import { idParameter, json, pageQuery, problem } from './schemas.ts';

/** Seeing what became of webhooks, and sending dead ones again. */
export function webhookDeliveryRoutes(instance: FastifyInstance, { parts, links }: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { clock, settings } = parts;
  const { webhooks } = parts.records;

  const listQuery = z.strictObject({
    status: z.enum(deliveryStatuses).optional(),
    ...pageQuery(settings.limits.pageSize),
  });

  routes.get('/v1/webhook-deliveries', {
    config: { access: 'read' },
    schema: {
      operationId: 'listWebhookDeliveries',
      summary: 'List what was told to receivers, or is still to be told, the newest first',
      description: 'Of jobs and batches of the tenant of the key.',
      tags: ['webhooks'],
      querystring: listQuery,
      response: { 200: json('One page', deliveryListSchema), '4xx': problem },
    },
    handler: async (request) => {
      const { status, limit, cursor } = request.query;
      const found = await webhooks.list(tenantOf(request), {
        limit: limit + 1,
        ...(status === undefined ? {} : { status }),
        ...(cursor === undefined ? {} : { before: cursor }),
      });
      const { rows, nextCursor } = pageOf(found, limit);
      return { data: rows.map((delivery) => deliveryView(delivery, links)), next_cursor: nextCursor };
    },
  });

  routes.post('/v1/webhook-deliveries/:id/replay', {
    config: { access: 'generate' },
    schema: {
      operationId: 'replayWebhookDelivery',
      summary: 'Send a dead event again, under the same id and with all its attempts',
      description: 'One that is pending or was delivered answers 409.',
      tags: ['webhooks'],
      params: idParameter,
      response: { 200: json('It is sent in a moment', deliverySchema), '4xx': problem },
    },
    handler: async (request) => {
      const { id } = request.params;
      const tenant = tenantOf(request);
      const replayed = await webhooks.replay(tenant, id, clock());
      if (replayed !== null) return deliveryView(replayed, links);
      const { status } = (await webhooks.find(tenant, id)) ?? missing(id);
      throw new ArmatureError('conflict', `The delivery ${id} is ${status}: only a dead one can be replayed.`);
    },
  });
}

function missing(id: string): never {
  throw new ArmatureError('not_found', `There is no webhook delivery ${JSON.stringify(id.slice(0, 100))}.`);
}
