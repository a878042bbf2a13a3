import type { AddressInfo } from 'node:net';
import type { Config } from '../config/config.ts';
import { ArmatureError } from '../errors.ts';

export interface Listening {
  /** Where the server can be reached from this machine: `http://127.0.0.1:7860`. */
  readonly address: string;
  /** Absolute path of the data folder. */
  readonly data: string;
}

/** The part of the HTTP application that is needed here. */
interface Listener {
  readonly server: { address(): AddressInfo | string | null };
  listen(place: { readonly host: string; readonly port: number }): Promise<string>;
}

/** Starts to listen; what stands in the way (a taken port, a forbidden one, no such address) is said in one line. */
export async function listen(
  app: Listener,
  { host, port, data }: Pick<Config, 'host' | 'port' | 'data'>,
  portFlag = '--port',
): Promise<Listening> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const reason = reasons[code];
    if (reason === undefined) throw cause;
    const detail = `Cannot listen on ${bracketed(host)}:${port}: ${reason} (${portFlag}, --host).`;
    throw new ArmatureError('unavailable', detail, { cause });
  }
  const bound = app.server.address();
  const number = typeof bound === 'object' && bound !== null ? bound.port : port;
  return { address: `http://${reachable(host)}:${number}`, data };
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken by another program; choose another port',
  EACCES: 'this user may not use the port; choose one above 1023',
  EADDRNOTAVAIL: 'this machine has no such address; choose another host',
  ENOTFOUND: 'there is no such host; choose another',
};

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return bracketed(host);
}

/** A host as it stands before a port. */
function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
