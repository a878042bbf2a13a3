import { ArmatureError } from '../errors.ts';
import type { Fetcher } from '../fetch/fetcher.ts';
import { retryAfterMs } from '../fetch/retry-after.ts';
import type { Message } from './message.ts';

/** Milliseconds that a receiver has for its answer. */
export const attemptTimeout = 20_000;

/** What came of one attempt. */
export type Outcome =
  | { readonly kind: 'accepted'; readonly status: number }
  /** The receiver wants no more of it (410). */
  | { readonly kind: 'declined'; readonly status: number; readonly error: string }
  | {
      readonly kind: 'failed';
      /** HTTP status; null where there was no answer. */
      readonly status: number | null;
      readonly error: string;
      /** Milliseconds that the receiver asked to wait. */
      readonly retryAfter: number | null;
    };

/**
 * Sends a message once. 2xx is success; a redirect is none, since whoever may redirect an event decides who reads it. Never
 * throws, but where `signal` aborts.
 */
export async function attempt(
  fetcher: Pick<Fetcher, 'send'>,
  url: string,
  { headers, body }: Message,
  now: Date,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const answer = await fetcher.send(url, { method: 'POST', headers, body, timeoutMs: attemptTimeout, signal });
    return outcomeOf(answer.status, answer.headers['retry-after'], now);
  } catch (error) {
    signal.throwIfAborted();
    const detail = error instanceof ArmatureError ? error.message : 'The attempt failed inside the server.';
    return { kind: 'failed', status: null, error: detail, retryAfter: null };
  }
}

function outcomeOf(status: number, retryAfter: string | undefined, now: Date): Outcome {
  if (status >= 200 && status < 300) return { kind: 'accepted', status };
  if (status === 410) return { kind: 'declined', status, error: 'It answers 410: it wants no more events.' };
  const redirect = status >= 300 && status < 400 ? ', and redirects are not followed' : '';
  const asked = status === 429 || status === 503 ? retryAfterMs(retryAfter, now.getTime()) : null;
  return { kind: 'failed', status, error: `It answers ${status}${redirect}.`, retryAfter: asked };
}
