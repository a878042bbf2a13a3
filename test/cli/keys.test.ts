import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolderWithDatabase } from '../support/database-template.ts';
import { freePort } from '../support/free-port.ts';
import { armature, spawnArmature } from './armature.ts';

describe('armature keys', () => {
  let data: string;
  let server: string;
  let child: ChildProcess | undefined;
  let operator: string;
  beforeAll(async () => {
    data = await dataFolderWithDatabase();
  });
  afterAll(async () => {
    if (child !== undefined) {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
    }
    await rm(data, { recursive: true, force: true });
  });

  const status = async (path: string, key: string): Promise<number> =>
    (await fetch(server + path, { headers: { authorization: `Bearer ${key}` } })).status;

  it('make the first key while no server runs, and print nothing but it on stdout', async () => {
    const scopes = ['--scope', 'admin', '--scope', 'generate', '--scope', 'read'];
    const made = await armature(['keys', 'create', '--name', 'operator', ...scopes, '--data', data]);
    expect(made.code, made.stderr).toBe(0);
    operator = made.stdout.trim();
    expect(operator).toMatch(/^arm_\w{12}_\w{49}$/);
    expect(made.stderr).toContain('operator');
    const listed = await armature(['keys', 'list', '--json', '--data', data]);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ name: 'operator', scopes: ['generate', 'read', 'admin'] }]);
    expect(listed.stdout).not.toContain(operator.slice(-20));
  });

  it('let a server with a key listen beyond loopback', async () => {
    const port = await freePort();
    server = `http://127.0.0.1:${port}`;
    const args = ['serve', '--host', '0.0.0.0', '--port', String(port), '--data', data, '--threads', '1'];
    child = spawnArmature([...args, '--log-level', 'fatal']);
    while ((await fetch(`${server}/livez`).catch(() => null))?.status !== 200) await pause(200);
    expect(await status('/v1/models', operator)).toBe(200);
    expect(await status('/v1/models', 'wrong')).toBe(401);
  });

  it('say in one line that the server has the folder, and how to ask it', async () => {
    const { code, stderr } = await armature(['keys', 'list', '--data', data]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^armature: [^\n]*--server[^\n]*ARMATURE_API_KEY[^\n]*\n$/);
  });

  it('ask a running server with a key of scope admin', async () => {
    const asOperator = { ARMATURE_API_KEY: operator };
    const create = ['keys', 'create', '--name', 'shop', '--tenant', 'shop', '--quota', '5e9/day', '--expires', '90d'];
    const made = await armature([...create, '--json', '--server', server], asOperator);
    const { id, key } = JSON.parse(made.stdout) as { readonly id: string; readonly key: string };
    expect(JSON.parse(made.stdout)).toMatchObject({ tenant: 'shop', quota: { cost: 5e9, window: 'day' } });
    expect(await status('/v1/generations', key)).toBe(200);
    const refused = await armature(['keys', 'list', '--server', server], { ARMATURE_API_KEY: key });
    expect(refused.stderr).toContain('Expected the scope admin');

    const rotated = await armature(['keys', 'rotate', id, '--overlap', '1h', '--server', server], asOperator);
    const successor = rotated.stdout.trim();
    expect([await status('/v1/generations', key), await status('/v1/generations', successor)]).toEqual([200, 200]);

    const revoked = await armature(['keys', 'revoke', id, '--server', server], asOperator);
    expect(revoked.stdout).toBe(`${id} (shop) is revoked.\n`);
    await expect.poll(async () => await status('/v1/generations', key)).toBe(401);
    expect(await status('/v1/generations', successor)).toBe(200);
  });

  it('give other commands a key to show', async () => {
    const without = await armature(['jobs', 'list', '--server', server]);
    expect(without.stderr).toMatch(/API key.*--api-key \(ARMATURE_API_KEY\)/);
    const shown = await armature(['jobs', 'list', '--server', server, '--api-key', operator]);
    expect(shown.stdout).toBe('No jobs.\n');
  });
});
