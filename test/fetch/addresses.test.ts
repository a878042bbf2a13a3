import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/fetch/addresses.ts';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** The first and last of each range that is not globally reachable. */
const special4 = words(`
  0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255
  169.254.0.1 169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.0
  192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
  255.255.255.255`);

/** Unspecified, loopback, unique local, link-local, site-local, multicast, documentation, Teredo, discard, not handed out. */
const special6 = words(`
  :: ::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 2001:db8::1 3fff::1 2001::1 2001:10::1
  100::1 5f00::1 4000::1`);

const embedding = words(`
  ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::127.0.0.1 ::8.8.8.8 64:ff9b::10.0.0.1 64:ff9b::7f00:1
  64:ff9b:1::8.8.8.8 2002:7f00:1::1 2002:a00:1:: 2002:c0a8:101::1`);

/** The neighbours of those ranges, and addresses of name servers. */
const ordinary = words(`
  1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.167.255.255
  198.17.255.255 198.20.0.0 223.255.255.255 2606:4700:4700::1111 2a00:1450::1 2001:4860:4860::8888
  ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1`);

describe('addresses', () => {
  it.each([...special4, ...special6, ...embedding])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['', 'localhost', '127.1', '2130706433', '[::1]'])('%j is none', (text) => {
    expect(isPublicAddress(text)).toBe(false);
  });

  it.each(ordinary)('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});
