import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './files.ts';

const server = createServer((request, response) => {
  response.statusCode = request.url === '/livez' ? 200 : 503;
  response.end(`answer of ${request.url}`);
});
let port: number;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => server.close());

async function check(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<number | null> {
  const child = spawn(process.execPath, [join(root, 'deploy/healthcheck.mjs'), ...args], { env: environment });
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

describe('the health check of the image', () => {
  it('succeeds where the server answers 200', async () => {
    expect(await check(['/livez'], { ARMATURE_PORT: String(port) })).toBe(0);
  });

  it('asks /readyz by itself, and fails where that is 503', async () => {
    expect(await check([], { ARMATURE_PORT: String(port) })).toBe(1);
  });

  it('takes the port as the server does: its own variable before PORT, an empty one as absent', async () => {
    expect(await check(['/livez'], { PORT: String(port) })).toBe(0);
    expect(await check(['/livez'], { ARMATURE_PORT: '', PORT: String(port) })).toBe(0);
    expect(await check(['/livez'], { ARMATURE_PORT: String(port), PORT: '1' })).toBe(0);
  });

  it('asks a worker at its metrics port', async () => {
    expect(await check(['/livez'], { ARMATURE_PORT: '1', ARMATURE_METRICS_PORT: String(port) })).toBe(0);
  });

  it('fails where nobody listens', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const free = (other.address() as AddressInfo).port;
    other.close();
    await once(other, 'close');
    expect(await check(['/livez'], { ARMATURE_PORT: String(free) })).toBe(1);
  });
});
