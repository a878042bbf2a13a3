import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proxiesOf } from '../../../src/config/proxies.ts';
import { ArmatureError } from '../../../src/errors.ts';
import { createFetcher } from '../../../src/fetch/fetcher.ts';
import { armature } from '../../cli/armature.ts';
import { localServer } from '../../fetch/local-server.ts';
import { hubServer } from './hub-server.ts';

interface Proxy {
  readonly address: string;
  /** What it was asked for: hosts and ports of tunnels, addresses of others. */
  readonly asked: string[];
  readonly credentials: (string | undefined)[];
  readonly server: Server;
}

let data: string;
let proxy: Proxy;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'armature-proxy-'));
  proxy = await startProxy();
});

afterEach(async () => {
  proxy.server.closeAllConnections();
  proxy.server.close();
  await rm(data, { recursive: true });
});

/** A real proxy: it tunnels, and passes on what is asked of it by whole addresses. Names under .test are this machine. */
async function startProxy(status = 200): Promise<Proxy> {
  const asked: string[] = [];
  const credentials: (string | undefined)[] = [];
  const server = createServer((incoming: IncomingMessage, response) => {
    asked.push(incoming.url ?? '');
    const onward = request(incoming.url ?? '', { method: incoming.method, headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  server.on('connect', (incoming: IncomingMessage, socket, head: Buffer) => {
    asked.push(incoming.url ?? '');
    credentials.push(incoming.headers['proxy-authorization']);
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const { hostname, port } = new URL(`http://${incoming.url}`);
    const onward = connect(Number(port || 80), hostname.endsWith('.test') ? '127.0.0.1' : hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, credentials, server };
}

const files = { 'config.json': Buffer.from('{}'), 'diffusion_pytorch_model.safetensors': Buffer.alloc(300_000, 5) };

/** The environment of a pull without the proxies of this machine. */
const without = { HTTP_PROXY: '', HTTPS_PROXY: '', NO_PROXY: '', http_proxy: '', https_proxy: '', no_proxy: '' };

describe('armature models pull', () => {
  it('goes by way of the proxy, for the hub and for where that redirects', async () => {
    const { hub, elsewhere } = await hubServer({ files });
    // Names that only the proxy knows: this machine never looks them up.
    const named = `http://hub.test:${hub.port}`;
    const args = ['models', 'pull', 'some/model', '--hub', named, '--data', data, '--allow-fetch', elsewhere.host];
    const { code, stderr, stdout } = await armature(args, { ...without, HTTP_PROXY: proxy.address });
    expect([code, stderr]).toEqual([0, expect.stringContaining('sha256')]);
    expect(stdout).toContain('2 files');
    expect(new Set(proxy.asked)).toEqual(new Set([`hub.test:${hub.port}`, elsewhere.host]));
  });

  it('asks the hosts of NO_PROXY directly, and says who it is to a proxy that asks', async () => {
    const { hub, elsewhere } = await hubServer({ files });
    const args = ['models', 'pull', 'some/model', '--hub', hub.origin, '--data', data, '--allow-fetch', elsewhere.host];
    const address = proxy.address.replace('//', '//me:secret@');
    const environment = { ...without, http_proxy: address, no_proxy: `other.example,127.0.0.1:${hub.port}` };
    expect((await armature(args, environment)).code).toBe(0);
    expect(new Set(proxy.asked)).toEqual(new Set([elsewhere.host]));
    expect(proxy.credentials[0]).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
  });

  it('says what the proxy says where it refuses, and what to do where nothing answers', async () => {
    const { hub } = await hubServer({ files });
    const refusing = await startProxy(403);
    const hubOf = (proxied: string) =>
      createFetcher({ allow: [hub.host], proxy: { http: proxied, https: '', except: '' } }).fetchBytes(hub.origin, {
        maxBytes: 10,
      });
    await expect(hubOf(refusing.address)).rejects.toThrow(/proxy answers with the status 403/);
    refusing.server.close();
    await expect(hubOf('http://127.0.0.1:9')).rejects.toMatchObject({ code: 'fetch_failed' });
  });

  it('still refuses addresses that are not public, by their text or where they are asked directly', async () => {
    const target = await localServer((_request, response) => response.end('secret'));
    const settings = { http: proxy.address, https: '', except: 'inside.test' };
    const fetcher = createFetcher({ proxy: settings, resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
    for (const url of [target.origin, `http://inside.test:${target.port}/`]) {
      const error: unknown = await fetcher.fetchBytes(url, { maxBytes: 10 }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ArmatureError);
      expect(error).toMatchObject({ code: 'fetch_refused' });
    }
    expect(target.requests).toEqual([]);
    expect(proxy.asked).toEqual([]);
  });
});

describe('the proxies of the environment', () => {
  it('are read in small letters first, and are none for pictures and webhooks', async () => {
    expect(proxiesOf({})).toBeNull();
    expect(proxiesOf({ NO_PROXY: 'x' })).toBeNull();
    expect(proxiesOf({ HTTPS_PROXY: 'big:1', https_proxy: 'small:2', no_proxy: 'a, b' })).toEqual({
      http: '',
      https: 'http://small:2',
      except: 'a, b',
    });
    expect(() => proxiesOf({ HTTPS_PROXY: 'ftp://me:password@x' })).toThrow(/HTTPS_PROXY/);
    expect(() => proxiesOf({ HTTPS_PROXY: 'ftp://me:password@x' })).not.toThrow(/password/);
    const target = await localServer((_request, response) => response.end('x'));
    process.env['HTTP_PROXY'] = proxy.address;
    try {
      await createFetcher({ allow: [target.host] }).fetchBytes(target.origin, { maxBytes: 10 });
    } finally {
      delete process.env['HTTP_PROXY'];
    }
    expect(proxy.asked).toEqual([]);
  });
});
