import { z } from 'zod';
import { webhookEvents, type WebhookTarget } from '../../generation/request/webhook.ts';
import type { WebhookDelivery } from '../../records/webhooks/webhook-records.ts';
import type { Links } from '../http/links.ts';
import { deliveryStatuses } from '../../records/schema/schema.ts';

export const deliverySchema = z
  .object({
    id: z.string().describe('Id of the event, and the webhook-id of every attempt'),
    type: z.string().describe('Such as generation.succeeded or batch.failed'),
    about: z.string().describe('Address of what the event tells of'),
    url: z.string().describe('The receiver'),
    status: z.enum(deliveryStatuses).describe('dead: it will not be tried again, unless it is replayed'),
    attempts: z.int(),
    next_attempt_at: z.iso.datetime().nullable().describe('null once it has ended'),
    last_status: z.int().nullable().describe('HTTP status of the last answer; null where there was none'),
    last_error: z.string().nullable(),
    created_at: z.iso.datetime(),
    ended_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

/** The receiver of a job's or a batch's events. */
export const receiverSchema = z
  .object({
    url: z.string(),
    events: z.array(z.enum(webhookEvents)),
    deliveries: z.array(deliverySchema).describe('Of the events so far, the oldest first'),
  })
  .meta({ id: 'WebhookReceiver' });

export const deliveryListSchema = z
  .object({ data: z.array(deliverySchema), next_cursor: z.string().nullable().describe('null on the last page') })
  .meta({ id: 'WebhookDeliveryList' });

export type DeliveryView = z.output<typeof deliverySchema>;
export type ReceiverView = z.output<typeof receiverSchema>;

/** A delivery as its tenant sees it. */
export function deliveryView(delivery: WebhookDelivery, links: Links): DeliveryView {
  return {
    id: delivery.id,
    type: delivery.type,
    about: delivery.batchId === null ? links.job(delivery.jobId ?? '') : links.batch(delivery.batchId),
    url: delivery.url,
    status: delivery.status,
    attempts: delivery.attempts,
    next_attempt_at: delivery.status === 'pending' ? delivery.dueAt.toISOString() : null,
    last_status: delivery.lastStatus,
    last_error: delivery.lastError,
    created_at: delivery.createdAt.toISOString(),
    ended_at: delivery.endedAt?.toISOString() ?? null,
  };
}

export function receiverView(
  { url, events }: Pick<WebhookTarget, 'url' | 'events'>,
  deliveries: readonly WebhookDelivery[],
  links: Links,
): ReceiverView {
  return { url, events: [...events], deliveries: deliveries.map((delivery) => deliveryView(delivery, links)) };
}
