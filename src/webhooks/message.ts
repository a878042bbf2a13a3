import { Webhook } from 'standardwebhooks';
import type { ClaimedDelivery } from '../records/webhooks/webhooks.ts';

/** A signed event, as it is sent. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * An event by the Standard Webhooks specification: the body {type, timestamp, data}, where the timestamp is when it happened,
 * and the headers webhook-id (the event's), webhook-timestamp (`now`, seconds) and webhook-signature (v1: HMAC-SHA256 over
 * id, time and body with `secret`).
 */
export function signedMessage(
  { id, type, createdAt }: Pick<ClaimedDelivery, 'id' | 'type' | 'createdAt'>,
  data: object,
  secret: string,
  now: Date,
): Message {
  const body = JSON.stringify({ type, timestamp: createdAt.toISOString(), data });
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, now, body),
    },
    body,
  };
}
