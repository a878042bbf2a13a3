import { ArmatureError } from '../../errors.ts';
import type { WebhookRequest, WebhookTarget } from '../../generation/request/webhook.ts';
import type { ServerParts } from '../parts/parts.ts';

/**
 * The receiver that a request names at path `field`, with an address that may be asked; null where it names none. `fetch_refused`
 * for an address that is not public, `fetch_failed` for a name that has none, `invalid_request` where nobody has a secret to
 * sign with.
 */
export async function webhookTarget(
  { fetcher, settings }: Pick<ServerParts, 'fetcher' | 'settings'>,
  request: WebhookRequest | undefined,
  field = 'webhook',
): Promise<WebhookTarget | null> {
  if (request === undefined) return null;
  const { url, secret = null, events } = request;
  if (secret === null && !settings.signsWebhooks) {
    const detail =
      `Expected ${field}.secret, since this server has no secret of its own to sign with: send one, such as the output of ` +
      '`echo whsec_$(openssl rand -base64 32)`, or have the operator set --webhook-secret.';
    throw new ArmatureError('invalid_request', detail, { field: `${field}.secret` });
  }
  return { url, host: await fetcher.check(url, `${field}.url`), secret, events: [...new Set(events)] };
}

/** The same for the items of a batch: an address that many of them have is looked up once. */
export function sharedWebhookTargets(
  parts: Pick<ServerParts, 'fetcher' | 'settings'>,
): (request: WebhookRequest | undefined) => Promise<WebhookTarget | null> {
  const known = new Map<string, Promise<WebhookTarget | null>>();
  return async (request) => {
    const key = JSON.stringify(request ?? null);
    const target = known.get(key) ?? webhookTarget(parts, request);
    known.set(key, target);
    return await target;
  };
}
