import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolderWithDatabase, placeEmptyDatabase, usedDataFolder } from '../support/database-template.ts';
import { armature, spawnArmature } from './armature.ts';

let data: string;
let server: ChildProcess;
let address: string;

beforeAll(async () => {
  data = await dataFolderWithDatabase();
  server = spawnArmature(['serve', '--port', '0', '--data', data, '--log-level', 'silent']);
  address = await announcedAddress(server);
}, 120_000);

afterAll(async () => {
  server.kill('SIGKILL');
  await rm(data, { recursive: true, force: true });
});

async function announcedAddress(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stderr! })) {
    const found = /answers at (http:\S+)/.exec(line)?.[1];
    if (found !== undefined) return found;
    throw new Error(`Expected the address but received: ${line}`);
  }
  throw new Error('The server ended before it answered');
}

describe('serve', () => {
  it('refuses a second server on the same data folder in one line', async () => {
    const { code, stderr } = await armature(['serve', '--port', '0', '--data', data]);
    expect(stderr).toMatch(/^armature: [^\n]*in use[^\n]*\n$/);
    expect(code).toBe(1);
  });

  it('refuses a port that is taken in one line', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const other = join(data, 'other');
    await placeEmptyDatabase(other);
    const { code, stderr } = await armature([
      'serve',
      '--port',
      String(port),
      '--data',
      other,
      '--log-level',
      'silent',
    ]);
    taken.close();
    expect(stderr).toMatch(new RegExp(`^armature: [^\\n]*127\\.0\\.0\\.1:${port}[^\\n]*taken[^\\n]*\\n$`));
    expect(code).toBe(1);
  }, 120_000);

  it.each([
    [['--model', 'nosuch'], /--model \(ARMATURE_MODEL\).*no base model "nosuch"/],
    [['--model', 'dioramma'], /Did you mean diorama\?/],
    [['--model', 'noise', '--models', 'MODELS'], /--model .*noise cannot be used: .*noise\.safetensors/],
    [['--models', 'MODELS/absent'], /--models .* is not there/],
    [['--models', 'MODELS/noise.safetensors'], /--models .* is a file/],
  ])('refuses %j before it says that it is ready, in one line', async (args, message) => {
    const models = join(data, 'refused');
    await mkdir(models, { recursive: true });
    await writeFile(join(models, 'noise.safetensors'), 'no model');
    const given = args.map((arg) => arg.replace('MODELS', models));
    const { code, stderr } = await armature(['serve', '--port', '0', '--data', join(data, 'never'), ...given]);
    expect(stderr).toMatch(/^armature: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(code).toBe(given.includes('--model') ? 1 : 2);
  });

  it('says in one line that a bucket does not answer, and nothing of what its SDK will ask for some day', async () => {
    const used = await usedDataFolder();
    const bucket = ['--s3-bucket', 'pictures', '--s3-endpoint', 'http://127.0.0.1:9'];
    const { code, stderr } = await armature(['serve', '--port', '0', '--data', used, ...bucket], {
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
    await rm(used, { recursive: true });
    expect(stderr).toMatch(/^armature: No S3 server answers at 127\.0\.0\.1:9 [^\n]*\n$/);
    expect(code).toBe(1);
  }, 120_000);

  it('is what `jobs` talks to', async () => {
    const body = JSON.stringify({ prompt: 'a blue ball', steps: 150, width: 512, height: 512 });
    const headers = { 'content-type': 'application/json' };
    const submitted = await fetch(`${address}/v1/generations`, { method: 'POST', body, headers });
    const { id } = (await submitted.json()) as { id: string };
    const jobs = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await armature(['jobs', ...args, '--server', address]);
      if (code !== 0) throw new Error(stderr);
      return stdout;
    };
    expect(await jobs('list')).toMatch(new RegExp(`^${id} +(queued|running)`, 'm'));
    expect(JSON.parse(await jobs('show', id))).toMatchObject({ id });
    expect(await jobs('cancel', id)).toMatch(/cancelled|stops/);
    const missing = await armature(['jobs', 'show', 'gen_none', '--server', address]);
    expect([missing.code, missing.stderr.split('\n').length]).toEqual([1, 2]);
  });

  it('closes in order on SIGTERM', async () => {
    server.kill('SIGTERM');
    const [code] = (await once(server, 'exit')) as [number | null];
    expect(code).toBe(0);
    await expect(fetch(`${address}/livez`)).rejects.toThrow('fetch failed');
  });
});
