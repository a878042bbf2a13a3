import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import type { ResolvedAddress, Target } from './target.ts';

/** What is sent to one address, without following redirects. */
export interface Outgoing {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** Milliseconds without a byte, from connecting on, after which the connection is given up. */
  readonly idleMs: number;
  /** Ends it at any time, with its reason as the error. */
  readonly signal: AbortSignal;
}

/** The head of an answer, and its body still to be read. */
export type Answering = Readable & Pick<IncomingMessage, 'statusCode' | 'headers'>;

/** Nothing came for `idleMs`. */
export class Stalled extends Error {}

/**
 * Sends a request to one of `addresses`, which have been checked, and to no other: the name is not resolved again, and
 * connections are not shared with requests whose addresses were checked at another time. Host header and SNI carry the
 * name. Resolves with the head of the answer, whose body is still to be read.
 */
export async function exchange(
  { url, host }: Target,
  addresses: readonly ResolvedAddress[],
  { method, headers, body, idleMs, signal }: Outgoing,
): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const send = secure ? httpsRequest : httpRequest;
  const length = body === undefined ? {} : { 'content-length': String(body.byteLength) };
  const request = send({
    host,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    method,
    headers: { ...headers, ...length, host: url.host, 'accept-encoding': 'identity' },
    lookup: pinned(addresses),
    agent: false,
    timeout: idleMs,
  });
  return await head(request, body, signal);
}

/** Looks up nothing but these. Node asks for one address or for all of them, which it then tries in turn. */
export function pinned(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses;
    if (first === undefined) callback(Object.assign(new Error('No address'), { code: 'ENOTFOUND' }), '', 0);
    else if (all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

async function head(
  request: ClientRequest,
  body: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let answer: IncomingMessage | undefined;
  return await new Promise((resolve, reject) => {
    const stop = (error: Error): void => {
      reject(error);
      (answer ?? request).destroy(error);
    };
    const abort = (): void => stop(signal.reason as Error);
    request.on('response', (message) => {
      answer = message;
      resolve(message);
    });
    request.on('timeout', () => stop(new Stalled()));
    request.on('error', reject);
    request.on('close', () => {
      signal.removeEventListener('abort', abort);
      reject(new Error('The connection was closed before an answer came'));
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    request.end(body);
  });
}
