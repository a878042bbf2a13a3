import { z } from 'zod';
import { deliveryStatuses, type WebhookDelivery } from '../../records/webhooks.ts';
import type { Links } from '../links.ts';

export const deliverySchema = z
  .object({
    id: z.string().describe('Id of the event, and the webhook-id of every attempt'),
    type: z.string().describe('Such as generation.succeeded'),
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

export const deliveryListSchema = z
  .object({ data: z.array(deliverySchema), next_cursor: z.string().nullable().describe('null on the last page') })
  .meta({ id: 'WebhookDeliveryList' });

export type DeliveryView = z.output<typeof deliverySchema>;

/** A delivery as its tenant sees it. */
export function deliveryView(delivery: WebhookDelivery, links: Links): DeliveryView {
  return {
    id: delivery.id,
    type: delivery.type,
    about: links.job(delivery.jobId ?? ''),
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
