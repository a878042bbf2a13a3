import { BlockList, isIP } from 'node:net';

export type Family = 4 | 6;

/** Ranges of the IANA special-purpose registries (RFC 6890 and its updates) that are not globally reachable, and multicast. */
const special4 = blockList('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]);

/** Global unicast is all that is handed out; loopback, unique local, link-local and multicast lie outside. */
const global6 = blockList('ipv6', ['2000::/3']);

/** Within it: protocol assignments (Teredo, ORCHID ...), documentation. */
const special6 = blockList('ipv6', ['2001::/23', '2001:db8::/32', '3fff::/20']);

/** Prefixes whose addresses stand for an IPv4 address, with the group at which that begins. */
const embedded: readonly (readonly [BlockList, number])[] = [
  // IPv4-mapped (RFC 4291), the well-known prefix of NAT64 (RFC 6052), 6to4 (RFC 3056).
  [blockList('ipv6', ['::ffff:0:0/96']), 6],
  [blockList('ipv6', ['64:ff9b::/96']), 6],
  [blockList('ipv6', ['2002::/16']), 1],
];

/**
 * Whether an address belongs to the public internet. An IPv6 address that stands for an IPv4 address is judged by that;
 * the deprecated IPv4-compatible form and local NAT64 prefixes never count as public. False for what is no address, or has
 * a zone.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special4.check(address, 'ipv4');
  if (family !== 6 || address.includes('%')) return false;
  const inner = embeddedAddress(address);
  if (inner !== null) return isPublicAddress(inner);
  return global6.check(address, 'ipv6') && !special6.check(address, 'ipv6');
}

/** The IPv4 address that an IPv6 address stands for, or null. */
export function embeddedAddress(address: string): string | null {
  const found = embedded.find(([prefix]) => prefix.check(address, 'ipv6'));
  if (found === undefined) return null;
  const groups = groupsOf(address);
  const bytes = [groups[found[1]] ?? 0, groups[found[1] + 1] ?? 0].flatMap((group) => [group >> 8, group & 255]);
  return bytes.join('.');
}

/** The eight 16-bit groups; the URL parser brings every spelling, dotted ones too, into one form. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [parse(head), parse(tail ?? '')];
  return tail === undefined ? first : [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

function blockList(family: 'ipv4' | 'ipv6', networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
