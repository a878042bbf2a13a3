import type { Readable } from 'node:stream';
import { callbackify } from 'node:util';
import { EnvHttpProxyAgent, request } from 'undici';
import { type Answering, type Outgoing, pinned } from './exchange.ts';
import { failed } from './refusal.ts';
import type { ResolvedAddress, Target } from './target.ts';

/** Proxies as HTTP_PROXY, HTTPS_PROXY and NO_PROXY name them; empty where there is none. */
export interface ProxySettings {
  readonly http: string;
  readonly https: string;
  /** Hosts, with their subdomains, that are asked directly, between commas; `*` for all. */
  readonly except: string;
}

/**
 * As `exchange`, by way of the proxy that the settings name for the target, or directly where they name none. Only pulls of
 * models come here. The name of a target is looked up by the proxy, which stands where it stands: `addresses` guard those that
 * are asked directly, of what the proxy asks only the text of the address was looked at. So it is the operator's own choice of
 * a hub that goes this way, and what it redirects to; pictures and webhooks, whose addresses strangers choose, never do: to a
 * proxy inside a network every address there is as good as a public one.
 */
export async function exchangeByProxy(
  { url }: Target,
  addresses: () => Promise<readonly ResolvedAddress[]>,
  { method, headers, body, idleMs, signal }: Outgoing,
  { http, https, except }: ProxySettings,
): Promise<Answering> {
  const looked = callbackify(addresses);
  const agent = new EnvHttpProxyAgent({
    httpProxy: http,
    httpsProxy: https,
    noProxy: except,
    // Of direct connections alone: those to a proxy go to where the operator says.
    connect: {
      lookup: (host, options, callback) =>
        looked((error, found) => {
          if (error === null) pinned(found)(host, options, callback);
          else callback(error, '', 0);
        }),
    },
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
    connectTimeout: idleMs,
  });
  const end = (): void => void agent.destroy().catch(() => undefined);
  try {
    const answer = await request(url, {
      dispatcher: agent,
      method: method as 'GET',
      headers: { ...headers, 'accept-encoding': 'identity' },
      signal,
      ...(body === undefined ? {} : { body }),
    });
    const stream: Readable = answer.body;
    // Whoever gives an answer up unread is not told so again.
    stream.on('error', () => undefined);
    stream.once('close', end);
    return Object.assign(stream, { statusCode: answer.statusCode, headers: answer.headers });
  } catch (error) {
    end();
    const [, status] = /^Proxy response \((\d+)\)/.exec(error instanceof Error ? error.message : '') ?? [];
    if (status === undefined) throw error;
    throw failed(`The proxy answers with the status ${status} where ${url.host} was asked for.`, undefined, error);
  }
}
