import { describe, expect, it } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { createFetcher, type FetchPolicy, type Resolve } from '../../src/fetch/fetcher.ts';
import { localServer } from './local-server.ts';

/** A resolver that knows these names only; it fails the test for any other. */
function names(known: Readonly<Record<string, readonly string[]>>): Resolve {
  return async (host) => {
    const addresses = known[host];
    if (addresses === undefined) throw new Error(`Nobody should have asked for ${host}`);
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
}

async function refusal(url: string, policy: FetchPolicy = {}): Promise<ArmatureError> {
  const asked = createFetcher({ resolve: names({}), ...policy }).fetchBytes(url, {
    maxBytes: 1000,
    timeoutMs: 5000,
    field: 'controls[0].image.url',
  });
  return await asked.then(
    () => Promise.reject(new Error('Expected a refusal but there was an answer')),
    (error: unknown) => (error instanceof ArmatureError ? error : Promise.reject(error)),
  );
}

describe('what is refused by its text', () => {
  it.each([
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:image/png;base64,AAAA'],
    ['ftp', 'ftp://example.com/a.png'],
    ['gopher', 'gopher://example.com:6379/_x'],
    ['javascript', 'javascript:alert(1)'],
    ['no scheme', 'example.com/a.png'],
    ['a path', '/etc/passwd'],
    ['nothing', ''],
    ['a name and password', 'http://admin:secret@example.com/'],
    ['a name', 'http://admin@example.com/'],
    ['loopback', 'http://127.0.0.1/'],
    ['another loopback', 'http://127.8.9.10/'],
    ['loopback on a usual port', 'http://127.0.0.1:8080/'],
    ['zero', 'http://0/'],
    ['a decimal address', 'http://2130706433/'],
    ['a hexadecimal address', 'http://0x7f000001/'],
    ['an octal address', 'http://017700000001/'],
    ['octal parts', 'http://0177.0.0.1/'],
    ['hexadecimal parts', 'http://0x7f.0x0.0x0.0x1/'],
    ['a short address', 'http://127.1/'],
    ['full-width digits', 'http://１２７.０.０.１/'],
    ['percent signs', 'http://%31%32%37.0.0.1/'],
    ['circled digits', 'http://①②⑦.⓪.⓪.①/'],
    ['cloud metadata', 'http://169.254.169.254/latest/meta-data/'],
    ['decimal cloud metadata', 'http://2852039166/'],
    ['IPv6 loopback', 'http://[::1]/'],
    ['long IPv6 loopback', 'http://[0:0:0:0:0:0:0:1]/'],
    ['IPv4-mapped loopback', 'http://[::ffff:127.0.0.1]/'],
    ['IPv4-mapped loopback in hexadecimal', 'http://[::ffff:7f00:1]/'],
    ['IPv4-compatible loopback', 'http://[::127.0.0.1]/'],
    ['NAT64 of a private address', 'http://[64:ff9b::10.0.0.1]/'],
    ['6to4 of a private address', 'http://[2002:c0a8:0101::1]/'],
    ['unique local', 'http://[fd00:ec2::254]/'],
    ['link-local', 'http://[fe80::1]/'],
    ['the private network', 'http://192.168.1.1/'],
    ['carrier-grade NAT', 'http://100.100.100.200/'],
    ['localhost', 'http://localhost/'],
    ['localhost in capitals', 'http://LOCALHOST/'],
    ['localhost with a final dot', 'http://localhost./'],
    ['below localhost', 'http://app.localhost:3000/'],
    ['the port of mail', 'http://example.com:25/'],
    ['the port of ssh', 'http://example.com:22/'],
    ['the port of SIP', 'http://example.com:5060/'],
    ['port 0', 'http://example.com:0/'],
  ])('%s: %s', async (_what, url) => {
    const error = await refusal(url);
    expect(error.code).toBe('fetch_refused');
    expect(error.field).toBe('controls[0].image.url');
  });

  it('is refused without a word about credentials', async () => {
    expect((await refusal('http://admin:secret@example.com/')).message).not.toMatch(/admin|secret/);
  });
});

describe('what is refused by its addresses', () => {
  it.each([
    ['a private one', ['10.0.0.7']],
    ['a private one after a public one', ['93.184.216.34', '10.0.0.7']],
    ['a private one before a public one', ['127.0.0.1', '93.184.216.34']],
    ['IPv6 loopback', ['::1']],
    ['an IPv4-mapped one', ['::ffff:10.0.0.7']],
    ['link-local with a zone', ['fe80::1%eth0']],
    ['what is no address', ['pictures.example.com']],
  ])('%s', async (_what, addresses) => {
    const error = await refusal('http://pictures.example.com/a.png', {
      resolve: names({ 'pictures.example.com': addresses }),
    });
    expect(error.code).toBe('fetch_refused');
    // Where names of an internal network point to is not said.
    expect(error.message).not.toMatch(/10\.0\.0|127\.0|::1|fe80/);
  });
});

describe('what is refused behind a redirect', () => {
  it.each([
    ['loopback', 'http://127.0.0.1:1/'],
    ['another port of the same host', 'http://127.0.0.1:8080/'],
    ['cloud metadata', 'http://169.254.169.254/latest/meta-data/'],
    ['a decimal address', 'http://2130706433/'],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:text/plain,hello'],
    ['credentials', 'http://user:password@example.com/'],
    ['a name with a private address', 'http://internal.example.com/'],
    ['no scheme but another host', '//localhost/'],
  ])('%s', async (_what, location) => {
    const server = await localServer((_request, response) => response.writeHead(302, { location }).end());
    const policy = { allow: [server.host], resolve: names({ 'internal.example.com': ['192.168.1.5'] }) };
    expect((await refusal(`${server.origin}/a.png`, policy)).code).toBe('fetch_refused');
    expect(server.requests).toHaveLength(1);
  });
});

describe('what an operator allows', () => {
  const answered = async (url: string, policy: FetchPolicy): Promise<string> => {
    const { bytes } = await createFetcher({ resolve: names({}), ...policy }).fetchBytes(url, { maxBytes: 1000 });
    return Buffer.from(bytes).toString();
  };

  it('is asked: by host and port, by host, by network, by name', async () => {
    const { port, origin } = await localServer((_request, response) => response.end('hello'));
    expect(await answered(origin, { allow: [`127.0.0.1:${port}`] })).toBe('hello');
    expect(await answered(origin, { allow: ['127.0.0.1'] })).toBe('hello');
    expect(await answered(origin, { allow: ['127.0.0.0/8'] })).toBe('hello');
    const byName = { allow: ['Files.Internal.'], resolve: names({ 'files.internal': ['127.0.0.1'] }) };
    expect(await answered(`http://files.internal:${port}/`, byName)).toBe('hello');
    const byNetwork = { allow: ['127.0.0.0/8'], resolve: names({ 'files.internal': ['127.0.0.1'] }) };
    expect(await answered(`http://files.internal:${port}/`, byNetwork)).toBe('hello');
    expect(await answered(`http://[::ffff:127.0.0.1]:${port}/`, { allow: ['127.0.0.0/8'] })).toBe('hello');
  });

  it('is that and nothing beside it', async () => {
    const { port, origin, requests } = await localServer((_request, response) => response.end('hello'));
    expect((await refusal(origin, { allow: [`127.0.0.1:${port + 1}`] })).code).toBe('fetch_refused');
    expect((await refusal(origin, { allow: ['127.0.0.2', '10.0.0.0/8', 'example.com'] })).code).toBe('fetch_refused');
    const other = { allow: ['files.internal'], resolve: names({ 'other.internal': ['127.0.0.1'] }) };
    expect((await refusal(`http://other.internal:${port}/`, other)).code).toBe('fetch_refused');
    expect(requests).toHaveLength(0);
  });

  it.each(['', 'a b', 'http://x/', '10.0.0.0/33', '10.0.0/8', 'x:99999', 'x:0', 'user@host', '[::1', '*'])(
    'is not understood: %j',
    (entry) => {
      expect(() => createFetcher({ allow: [entry] })).toThrow(/--allow-fetch .* but received/);
    },
  );
});
