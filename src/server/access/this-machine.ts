import type { IncomingHttpHeaders } from 'node:http';

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * Whether a request to a server that listens on loopback was also meant for this machine: not brought by a proxy, not made
 * by a page of another origin, nor by one whose name was pointed at 127.0.0.1 (DNS rebinding).
 */
export function fromThisMachine({ host, origin, via, forwarded, ...headers }: IncomingHttpHeaders): boolean {
  if (via !== undefined || forwarded !== undefined || headers['x-forwarded-for'] !== undefined) return false;
  if (!loopbackHost.test(host ?? '')) return false;
  return origin === undefined || origin === `http://${host}`;
}
