import { Webhook } from 'standardwebhooks';
import type { EventContent } from '../generation/request/webhook.ts';
import type { ClaimedDelivery } from '../records/webhooks/webhook-records.ts';

/** A signed event, as it is sent. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * An event, signed by the Standard Webhooks specification whatever its body is: the headers webhook-id (the event's),
 * webhook-timestamp (`now`, seconds) and webhook-signature (v1: HMAC-SHA256 over id, time and body with `secret`), beside its own.
 */
export function signedMessage(
  { id }: Pick<ClaimedDelivery, 'id'>,
  content: EventContent,
  secret: string,
  now: Date,
): Message {
  const body = JSON.stringify(content.body);
  const own = Object.entries(content.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    headers: {
      ...Object.fromEntries(own),
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, now, body),
    },
    body,
  };
}
