import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { isObject } from './field-names.ts';
import { fieldPath } from '../../text/field-path.ts';
import { noted } from './request-fields.ts';
import { isSigningSecret, signingSecretForm } from './signing-secret.ts';

/** Ends of a job that a receiver can be told of. */
export const webhookEvents = ['succeeded', 'failed', 'cancelled'] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

/** Where a client wants to be told of the end of its job. */
export const webhookRequest = noted(
  z
    .strictObject({
      url: z.string().max(2048).describe('Public http or https address that is sent a POST by Standard Webhooks'),
      secret: z
        .string()
        .optional()
        .describe(
          `Signs what is sent: ${signingSecretForm}. Left out, the server's own secret signs. No answer shows it`,
        ),
      events: z
        .array(z.enum(webhookEvents))
        .min(1)
        .max(webhookEvents.length)
        .default([...webhookEvents])
        .describe('Which ends are told'),
    })
    .describe('Who is told of the end')
    .meta({ id: 'Webhook' }),
  { check: checkSecret },
);

/** The secret is checked apart from the schema, whose errors repeat what came. */
function checkSecret(webhook: unknown, path: readonly PropertyKey[]): void {
  const secret = isObject(webhook) ? webhook['secret'] : undefined;
  if (secret === undefined || (typeof secret === 'string' && isSigningSecret(secret))) return;
  const field = fieldPath([...path, 'secret']);
  throw new ArmatureError('invalid_request', `Expected ${field} to be ${signingSecretForm}.`, { field });
}

export type WebhookRequest = z.output<typeof webhookRequest>;

/** What a receiver is sent, before it is signed. */
export interface EventContent {
  /** Beside those that all events have. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes as JSON. */
  readonly body: object;
}

/** A receiver as records keep it. */
export interface WebhookTarget {
  readonly url: string;
  /** Host and port of the URL: deliveries to one host take turns. */
  readonly host: string;
  /** null: the server's own secret signs. */
  readonly secret: string | null;
  readonly events: readonly WebhookEvent[];
}
