import type { IncomingHttpHeaders } from 'node:http';
import { failed } from './refusal.ts';

/** One answer of a server. */
export interface AnswerHead {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** What goes on the next leg; a redirect may change it. */
export interface Leg {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** Headers that are meant for the origin that they were given for. */
const personal = ['authorization', 'proxy-authorization', 'cookie', 'origin', 'referer'];

/** Headers that say what a body is. */
const ofBody = ['content-type', 'content-encoding', 'content-language', 'content-location'];

/**
 * What to ask next, or null where the answer is no redirect. As the Fetch standard has it: 303, and 301 and 302 after a
 * POST, go on as GET without the body; credentials stay with their origin. `fetch_failed` for an address that is none.
 */
export function redirectOf(leg: Leg, { status, headers: { location } }: AnswerHead, field?: string): Leg | null {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return null;
  if (!URL.canParse(location, leg.url)) {
    throw failed(`${new URL(leg.url).host} redirects to what is no address.`, field);
  }
  const url = new URL(location, leg.url);
  const asGet = (status === 303 && leg.method !== 'HEAD') || (status < 303 && leg.method === 'POST');
  const dropped = [...(url.origin === new URL(leg.url).origin ? [] : personal), ...(asGet ? ofBody : [])];
  return {
    url: url.href,
    method: asGet ? 'GET' : leg.method,
    headers: Object.fromEntries(Object.entries(leg.headers).filter(([name]) => !dropped.includes(name))),
    body: asGet ? undefined : leg.body,
  };
}
