import { z } from 'zod';

/** Ends of a job that a receiver can be told of. */
export const webhookEvents = ['succeeded', 'failed', 'cancelled'] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

/** Bytes of a signing secret, by the Standard Webhooks specification. */
const secretBytes = { min: 24, max: 64 } as const;
const secretPrefix = 'whsec_';

/** Where a client wants to be told of the end of its job. */
export const webhookRequest = z.strictObject({
  url: z.string().max(2048).describe('Public http or https address that is sent a POST by Standard Webhooks'),
  secret: z
    .string()
    .optional()
    .describe(
      `Signs what is sent: ${secretPrefix} and ${secretBytes.min} to ${secretBytes.max} random bytes as base64. Left out, the server's own secret signs. No answer shows it`,
    ),
  events: z
    .array(z.enum(webhookEvents))
    .min(1)
    .max(webhookEvents.length)
    .default([...webhookEvents])
    .describe('Which ends are told'),
});

export type WebhookRequest = z.output<typeof webhookRequest>;

/** A receiver as records keep it. */
export interface WebhookTarget {
  readonly url: string;
  /** Host and port of the URL: deliveries to one host take turns. */
  readonly host: string;
  /** null: the server's own secret signs. */
  readonly secret: string | null;
  readonly events: readonly WebhookEvent[];
}

/** Whether a text is a signing secret: `whsec_` and 24 to 64 bytes as base64 (RFC 4648, with its padding). */
export function isSigningSecret(text: string): boolean {
  if (!text.startsWith(secretPrefix)) return false;
  const base64 = text.slice(secretPrefix.length);
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return false;
  const bytes = (base64.replace(/=+$/, '').length * 3) >> 2;
  return bytes >= secretBytes.min && bytes <= secretBytes.max;
}
