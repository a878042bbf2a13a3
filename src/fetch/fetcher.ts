import { lookup } from 'node:dns/promises';
import { type Allowed, parseAllowed } from './allowed.ts';
import { type Answering, exchange } from './exchange.ts';
import { failureOf } from './failure.ts';
import type { ProxySettings } from './proxy.ts';
import { limitedBody } from './limited-body.ts';
import { type AnswerHead, type Leg, redirectOf } from './redirect.ts';
import { failed } from './refusal.ts';
import { checkUrl, type Resolve, resolveTarget } from './target.ts';
import { startTime, withReason } from './time.ts';

export type { AnswerHead } from './redirect.ts';
export type { Resolve, ResolvedAddress } from './target.ts';

export interface FetchPolicy {
  /**
   * Hosts (`minio.internal`, `127.0.0.1:9000`) and networks (`10.0.0.0/8`) that may be asked although they are not public.
   * A host with a port may be asked on that port whichever it is.
   */
  readonly allow?: readonly string[];
  /** All addresses of a name; by default as the system resolves it. */
  readonly resolve?: Resolve;
  /** Goes by way of these proxies; only for addresses that the operator chose. Default: none, whatever the environment says. */
  readonly proxy?: ProxySettings | null;
}

export interface FetchOptions {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** By name; `authorization`, `cookie` and the like are left out once a redirect leads to another origin. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Most bytes of the answer's body. */
  readonly maxBytes: number;
  /** Milliseconds for all of it, redirects and body included. Default 30 s; Infinity for no end. */
  readonly timeoutMs?: number;
  /** Milliseconds without a byte. Default 15 s. */
  readonly idleMs?: number;
  /** Default 5; with 0 any redirect is a failure. */
  readonly maxRedirects?: number;
  /** `same-origin` hands a redirect to another origin back as the answer instead of following it. Default `any`. */
  readonly follow?: 'any' | 'same-origin';
  readonly signal?: AbortSignal;
  /** Path of the field of a request that holds the URL, for errors. */
  readonly field?: string;
}

/** One request whose answer's body is of no interest. */
export interface SendOptions {
  readonly method: 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** Milliseconds until the head of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface FetchedStream extends AnswerHead {
  /** The redirects that led here, in order. */
  readonly redirects: readonly AnswerHead[];
  /** To be read once. Ends in `fetch_failed` over `maxBytes`, in time over, or cut off. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the connection up; for whoever does not read the body to its end. */
  readonly close: () => void;
}

export interface Fetched extends AnswerHead {
  readonly redirects: readonly AnswerHead[];
  readonly bytes: Uint8Array;
}

export interface Fetcher {
  /** Answers as soon as the head of the last answer is there; any status is an answer. Whoever calls it reads or closes. */
  readonly openStream: (url: string, options: FetchOptions) => Promise<FetchedStream>;
  readonly fetchBytes: (url: string, options: FetchOptions) => Promise<Fetched>;
  /** Sends to this address and to no other: a redirect is an answer like any other. The body of the answer is not read. */
  readonly send: (url: string, options: SendOptions) => Promise<AnswerHead>;
  /** Finds out whether an address may be asked, without asking it; answers with its host and port. */
  readonly check: (url: string, field?: string) => Promise<string>;
}

/**
 * The one way out: every request to an address that comes from outside goes through it. Each address, that of a redirect
 * too, is looked at by its text, resolved once, refused if any of its answers is not public (`fetch_refused`), and asked at
 * exactly the addresses that were looked at. Time, bytes and redirects are bounded; compressed answers are not taken, so a
 * small one can't grow. `fetch_failed` for what does not answer, `cancelled` when the signal aborts, `invalid_config` for
 * a policy that is not understood.
 */
export function createFetcher(policy: FetchPolicy = {}): Fetcher {
  const allowed = parseAllowed(policy.allow ?? []);
  const resolve = policy.resolve ?? systemResolve;
  const proxy = policy.proxy ?? null;
  const openStream = async (url: string, options: FetchOptions): Promise<FetchedStream> =>
    await follow(url, options, allowed, resolve, proxy);
  return {
    openStream,
    fetchBytes: async (url, options) => {
      const { body, ...answer } = await openStream(url, options);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      const { status, headers, redirects } = answer;
      return { url: answer.url, status, headers, redirects, bytes: Buffer.concat(chunks) };
    },
    send: async (url, options) => await sendOnce(url, options, allowed, resolve),
    check: async (url, field) => await checkAddress(url, field, allowed, resolve),
  };
}

/** Milliseconds that looking a name up may take where nothing else is waited for. */
const lookupTimeout = 5000;

async function checkAddress(
  url: string,
  field: string | undefined,
  allowed: Allowed,
  resolve: Resolve,
): Promise<string> {
  const target = checkUrl(url, allowed, field);
  const time = startTime(lookupTimeout, undefined, field);
  try {
    await withReason(resolveTarget(target, resolve, allowed, field), time.signal);
  } catch (error) {
    throw failureOf(error, target.host, field);
  } finally {
    time.stop();
  }
  return `${target.url.hostname}:${target.port}`;
}

async function sendOnce(url: string, options: SendOptions, allowed: Allowed, resolve: Resolve): Promise<AnswerHead> {
  const time = startTime(options.timeoutMs, options.signal);
  try {
    const limits = { maxBytes: 0, idleMs: options.timeoutMs };
    const message = await ask(firstLeg(url, { ...options, ...limits }), limits, allowed, resolve, time.signal);
    message.destroy();
    return { url, status: message.statusCode ?? 0, headers: message.headers };
  } finally {
    time.stop();
  }
}

async function systemResolve(host: string): ReturnType<Resolve> {
  return await lookup(host, { all: true });
}

async function follow(
  url: string,
  options: FetchOptions,
  allowed: Allowed,
  resolve: Resolve,
  proxy: ProxySettings | null,
): Promise<FetchedStream> {
  const { maxRedirects = 5, follow = 'any', timeoutMs = 30_000, field } = options;
  const time = startTime(timeoutMs, options.signal, field);
  const redirects: AnswerHead[] = [];
  let leg = firstLeg(url, options);
  let message: Answering | undefined;
  try {
    for (;;) {
      message = await ask(leg, options, allowed, resolve, time.signal, proxy);
      const answer = { url: leg.url, status: message.statusCode ?? 0, headers: message.headers };
      const next = redirectOf(leg, answer, field);
      if (next === null || (follow === 'same-origin' && new URL(next.url).origin !== new URL(leg.url).origin)) {
        return { ...answer, redirects, ...limitedBody(message, leg, options.maxBytes, time, field) };
      }
      message.destroy();
      redirects.push(answer);
      if (redirects.length > maxRedirects) throw failed(tooMany(url, maxRedirects), field);
      leg = next;
    }
  } catch (error) {
    message?.destroy();
    time.stop();
    throw error;
  }
}

function firstLeg(url: string, { method = 'GET', headers = {}, body }: FetchOptions): Leg {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    url,
    method,
    headers: { 'user-agent': 'Armature', accept: '*/*', ...(Object.fromEntries(named) as Record<string, string>) },
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  };
}

async function ask(
  leg: Leg,
  options: FetchOptions,
  allowed: Allowed,
  resolve: Resolve,
  signal: AbortSignal,
  proxy: ProxySettings | null = null,
): Promise<Answering> {
  const { idleMs = 15_000, field } = options;
  const target = checkUrl(leg.url, allowed, field);
  try {
    const addresses = async () => await withReason(resolveTarget(target, resolve, allowed, field), signal);
    const outgoing = { ...leg, idleMs, signal };
    if (proxy !== null) {
      const { exchangeByProxy } = await import('./proxy.ts');
      return await withReason(exchangeByProxy(target, addresses, outgoing, proxy), signal);
    }
    return await exchange(target, await addresses(), outgoing);
  } catch (error) {
    throw failureOf(error, target.host, field);
  }
}

function tooMany(url: string, most: number): string {
  return `${new URL(url).host} redirects more than ${most} times.`;
}
