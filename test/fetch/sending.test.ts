import { describe, expect, test } from 'vitest';
import { createFetcher } from '../../src/fetch/fetcher.ts';
import { localServer } from './local-server.ts';

const post = { method: 'POST', body: '{}', timeoutMs: 5000 } as const;

describe('what is sent', () => {
  test('is answered with the head alone, whatever comes after it', async () => {
    const server = await localServer((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'x-answer': 'yes' });
      response.write(Buffer.alloc(100_000));
    });
    const fetcher = createFetcher({ allow: [server.host] });
    const answer = await fetcher.send(server.origin, { ...post, headers: { 'Content-Type': 'application/json' } });
    expect(answer).toMatchObject({ status: 200, headers: { 'x-answer': 'yes' } });
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': '2' },
    });
  });

  test('follows no redirect', async () => {
    const other = await localServer((_request, response) => response.end());
    const server = await localServer((_request, response) => response.writeHead(308, { location: other.origin }).end());
    const fetcher = createFetcher({ allow: [server.host, other.host] });
    expect((await fetcher.send(server.origin, post)).status).toBe(308);
    expect(other.requests).toEqual([]);
  });

  test('waits no longer than it may', async () => {
    const server = await localServer(() => {});
    const fetcher = createFetcher({ allow: [server.host] });
    await expect(fetcher.send(server.origin, { ...post, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'fetch_failed',
    });
  });

  test('goes to the address that was checked, though the name has another one by then', async () => {
    const server = await localServer((_request, response) => response.writeHead(204).end());
    let asked = 0;
    const fetcher = createFetcher({
      allow: [`hooks.example.com:${server.port}`],
      resolve: async () => [{ address: (asked += 1) === 1 ? '127.0.0.1' : '10.0.0.7', family: 4 }],
    });
    expect((await fetcher.send(`http://hooks.example.com:${server.port}/`, post)).status).toBe(204);
    expect(asked).toBe(1);
  });
});

describe('an address', () => {
  const resolving = (...addresses: readonly string[]) =>
    createFetcher({
      resolve: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    });

  test('that is public is known by its host and port', async () => {
    expect(await resolving('93.184.215.14').check('https://Example.com./hook?token=1')).toBe('example.com:443');
    expect(await resolving('2606:2800:21f:cb07::1').check('http://example.com:8080/')).toBe('example.com:8080');
  });

  test.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'http://localhost/',
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://017700000001/',
    'http://127.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[fd00::1]/',
    'http://0.0.0.0/',
    'http://example.com:22/',
    'http://user:password@example.com/',
    'nonsense',
  ])('%s is refused, and nothing is sent to it', async (url) => {
    const fetcher = resolving('93.184.215.14');
    await expect(fetcher.check(url, 'webhook.url')).rejects.toMatchObject({
      code: 'fetch_refused',
      field: 'webhook.url',
    });
    await expect(fetcher.send(url, post)).rejects.toMatchObject({ code: 'fetch_refused' });
  });

  test.each([
    [['10.0.0.7']],
    [['93.184.215.14', '127.0.0.1']],
    [['::ffff:10.0.0.7']],
    [['fe80::1%eth0']],
    [['nonsense']],
  ])('whose name stands for %j is refused', async (addresses) => {
    const fetcher = resolving(...addresses);
    await expect(fetcher.check('https://example.com/')).rejects.toMatchObject({ code: 'fetch_refused' });
    await expect(fetcher.send('https://example.com/', post)).rejects.toMatchObject({ code: 'fetch_refused' });
  });
});
