import { BlockList, isIP } from 'node:net';
import { ArmatureError } from '../errors.ts';
import { embeddedAddress } from './addresses.ts';

/** What an operator allows beyond public addresses: hosts by name, on one port or on all usual ones, and networks. */
export interface Allowed {
  /** Whether the host was named, on this port or without one. */
  readonly host: (host: string, port: number) => boolean;
  /** Whether the host was named together with this port. */
  readonly hostAndPort: (host: string, port: number) => boolean;
  readonly address: (address: string) => boolean;
}

/**
 * Reads entries such as `minio.internal`, `minio.internal:9000`, `10.1.0.0/16`, `127.0.0.1:8080` and `[fd00::1]:80`.
 * Throws `invalid_config` for anything else.
 */
export function parseAllowed(entries: readonly string[]): Allowed {
  const hosts = new Set<string>();
  const networks = new BlockList();
  for (const entry of entries) {
    if (entry.includes('/')) addNetwork(networks, entry);
    else hosts.add(hostOf(entry));
  }
  return {
    host: (host, port) => hosts.has(host) || hosts.has(`${host}:${port}`),
    hostAndPort: (host, port) => hosts.has(`${host}:${port}`),
    address: (address) => inNetwork(networks, address),
  };
}

function inNetwork(networks: BlockList, address: string): boolean {
  const family = isIP(address);
  if (family === 4) return networks.check(address, 'ipv4');
  const inner = family === 6 ? embeddedAddress(address) : null;
  return family === 6 && (inner === null ? networks.check(address, 'ipv6') : networks.check(inner, 'ipv4'));
}

function addNetwork(networks: BlockList, entry: string): void {
  const match = /^\[?([^[\]/]+)\]?\/(\d{1,3})$/.exec(entry.trim());
  const [address = '', prefix] = [match?.[1], Number(match?.[2])];
  const family = isIP(address);
  if (family === 0 || !(prefix <= (family === 4 ? 32 : 128))) throw notUnderstood(entry);
  networks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
}

/** `host` or `host:port`, the host as the URL parser writes it. */
function hostOf(entry: string): string {
  const text = entry.trim();
  const bracketed = isIP(text) === 6 ? `[${text}]` : text;
  const match = /^(\[[^\]]+\]|[^\s:/?#@[\]*]+)(?::(\d{1,5}))?$/.exec(bracketed);
  const url = `http://${match?.[1] ?? ''}/`;
  const port = match?.[2] === undefined ? null : Number(match[2]);
  if (match === null || !URL.canParse(url) || port === 0 || (port ?? 0) > 65_535) throw notUnderstood(entry);
  const host = plainHost(new URL(url));
  return port === null ? host : `${host}:${port}`;
}

/** Host of a URL in lower case, without the dot that makes a name absolute. */
export function plainHost(url: URL): string {
  return url.hostname.replace(/\.$/, '');
}

function notUnderstood(entry: string): ArmatureError {
  const detail = `Expected a host, host:port or network such as 10.0.0.0/8 for --allow-fetch (ARMATURE_ALLOW_FETCH) but received ${JSON.stringify(entry)}.`;
  return new ArmatureError('invalid_config', detail, { field: 'allow-fetch' });
}
