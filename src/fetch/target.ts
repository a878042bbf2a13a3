import { isIP } from 'node:net';
import { isPublicAddress } from './addresses.ts';
import { type Allowed, plainHost } from './allowed.ts';
import { refused } from './refusal.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

/** A URL that may be asked, as far as its text tells. */
export interface Target {
  readonly url: URL;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Ports above 1023 that browsers refuse, as they belong to other protocols (Fetch standard, "bad port"). */
const otherProtocols = [1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10_080].concat([
  6665, 6666, 6667, 6668, 6669,
]);

/**
 * Looks at the text of an address. `fetch_refused` for anything but http and https, for a name and password in it, for
 * localhost, for ports other than 80, 443 and those from 1024 on, and for an IP address that is not public; what the
 * operator allows by name may lie anywhere, and on any port that was named with it.
 */
export function checkUrl(text: string, allowed: Allowed, field?: string): Target {
  if (!URL.canParse(text)) throw refused('Expected an absolute http or https URL.', field);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refused(`Expected an http or https URL but its scheme is ${url.protocol.slice(0, 20)}`, field);
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('Expected a URL without a name and password in it.', field);
  }
  url.hostname = plainHost(url);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  checkPort(url.hostname, port, allowed, field);
  checkName(host, url.hostname, port, allowed, field);
  return { url, host, port };
}

function checkPort(name: string, port: number, allowed: Allowed, field?: string): void {
  const usual = port === 80 || port === 443 || (port >= 1024 && !otherProtocols.includes(port));
  if (usual || allowed.hostAndPort(name, port)) return;
  throw refused(`Port ${port} is not asked: it belongs to another protocol than HTTP.`, field);
}

function checkName(host: string, name: string, port: number, allowed: Allowed, field?: string): void {
  if (allowed.host(name, port)) return;
  const local = host === 'localhost' || host.endsWith('.localhost') || host === '';
  const privateAddress = isIP(host) !== 0 && !isPublicAddress(host) && !allowed.address(host);
  if (local || privateAddress) throw notPublic(host, field);
}

/**
 * The addresses under which a target may be asked: all that its name stands for, or its own where it is an IP address.
 * `fetch_refused` where one of them is not public and not allowed: a name that has a private answer among others is not
 * asked at all. Errors of `resolve` come through.
 */
export async function resolveTarget(
  { host, port, url }: Target,
  resolve: Resolve,
  allowed: Allowed,
  field?: string,
): Promise<readonly ResolvedAddress[]> {
  const family = isIP(host);
  // checkUrl has looked at it.
  if (family !== 0) return [{ address: host, family }];
  const found = await resolve(host);
  const named = allowed.host(url.hostname, port);
  const fits = ({ address }: ResolvedAddress): boolean =>
    isIP(address) !== 0 && (named || isPublicAddress(address) || allowed.address(address));
  if (!found.every(fits)) throw notPublic(host, field);
  return found;
}

function notPublic(host: string, field?: string): Error {
  const detail = `${host.slice(0, 253)} is not asked: it is not on the public internet. The operator can allow it (--allow-fetch).`;
  return refused(detail, field);
}
