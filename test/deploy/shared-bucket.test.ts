import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/package-files.ts';
import { spawnArmature } from '../cli/armature.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { postgresMissing, s3Credentials, s3Missing, startPostgres, startS3 } from '../support/servers.ts';
import type { S3Server, TestServer } from '../support/servers.ts';
import { freePort } from '../support/free-port.ts';

const missing = postgresMissing ?? s3Missing;

interface Job {
  readonly id: string;
  readonly status: string;
  readonly outputs: readonly { readonly url: string; readonly bytes: number }[];
  readonly maps: readonly { readonly url: string }[];
}

describe.skipIf(missing !== null)(`an api and a worker that share a bucket and no folder ${missing ?? ''}`, () => {
  let postgres: TestServer;
  let s3: S3Server;
  const children: ChildProcess[] = [];
  const folders: string[] = [];
  let base: string;

  beforeAll(async () => {
    [postgres, s3] = await Promise.all([startPostgres(), startS3()]);
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    const start = async (args: readonly string[]): Promise<void> => {
      const data = await newDataFolder();
      folders.push(data);
      const place = { ARMATURE_S3_BUCKET: s3.bucket, ARMATURE_S3_PREFIX: 'armature', ARMATURE_S3_ENDPOINT: s3.url };
      const environment = { ...place, ...s3Credentials, ARMATURE_POSTGRES_URL: postgres.url, ARMATURE_DATA: data };
      const child = spawnArmature([...args, '--log-level', 'fatal'], environment);
      child.stdout?.resume();
      child.stderr?.pipe(process.stderr);
      children.push(child);
    };
    await start(['api', '--port', String(port)]);
    await start(['worker', '--provider', 'cpu']);
    await untilReady(base);
  });

  afterAll(async () => {
    const ends = children.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'exit'));
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(ends);
    await Promise.all([postgres.stop(), s3.stop()]);
  });

  const draw = async (): Promise<Job> => {
    const photo = { data: (await readFile(join(packageRoot, 'examples/photo.jpg'))).toString('base64') };
    const body = JSON.stringify({ prompt: 'a red cube', steps: 2, controls: [{ type: 'canny', image: photo }] });
    const headers = { 'content-type': 'application/json', prefer: 'wait=60' };
    const response = await fetch(`${base}/v1/generations`, { method: 'POST', headers, body });
    const job = (await response.json()) as Job;
    expect(job).toMatchObject({ status: 'succeeded' });
    return job;
  };

  it('draw together; the api gives out what the worker put there, whole or in part', async () => {
    const job = await draw();
    const [output, map] = [job.outputs[0]!, job.maps[0]!];
    const whole = new Uint8Array(await (await fetch(base + output.url)).arrayBuffer());
    expect(whole).toHaveLength(output.bytes);
    expect([...whole.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    const part = await fetch(base + output.url, { headers: { range: 'bytes=100-299' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 100-299/${output.bytes}`]);
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(whole.subarray(100, 300));
    expect((await fetch(base + map.url)).status).toBe(200);
    for (const folder of folders) expect(existsSync(join(folder, 'objects'))).toBe(false);
  });

  it('say that the store is away, and go on when it is back', async () => {
    const job = await draw();
    const url = base + job.outputs[0]!.url;
    await s3.kill();
    const refused = await fetch(url);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect(await refused.json()).toMatchObject({ code: 'unavailable' });
    await s3.restart();
    await expect.poll(async () => (await fetch(url)).status, { timeout: 20_000 }).toBe(200);
  });
});

async function untilReady(base: string): Promise<void> {
  for (const deadline = performance.now() + 50_000; performance.now() < deadline; await pause(100)) {
    const ready = await fetch(`${base}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
  }
  throw new Error('The api does not answer.');
}
