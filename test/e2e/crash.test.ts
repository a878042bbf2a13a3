import { spawnSync } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { root, Service } from '../support/service.ts';

const running: Service[] = [];
afterAll(async () => {
  for (const service of running) {
    await service.stop('SIGKILL');
    await rm(service.data, { recursive: true, force: true });
  }
});

async function start(options: { readonly data?: string } = {}): Promise<Service> {
  const service = await Service.start(options);
  running.push(service);
  return service;
}

/** Process ids of a process's children, by their command lines. */
async function children(pid: number, entry: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]);
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (parent === pid && command.includes(entry)) found.push(Number(name));
  }
  return found;
}

describe('a service that is killed', () => {
  it('finishes an accepted job after the restart, once', async () => {
    const first = await start();
    const { id } = await first.submit({ prompt: 'a red ball', seed: 7, steps: 40 });
    await first.until(id, (job) => (job.progress?.step ?? 0) > 2);
    await first.stop('SIGKILL');
    const second = await start({ data: first.data });
    const job = await second.until(id, ({ status }) => status === 'succeeded');
    expect(job.attempt).toBe(2);
    expect(job.outputs).toHaveLength(1);
    expect((await second.picture(job)).subarray(1, 4)).toEqual(new Uint8Array(Buffer.from('PNG')));
    const kept = await readdir(`${second.data}/objects/tenants/default/generations/${id}`);
    expect(kept).toEqual(['2']);
    // The same picture as a run that nobody disturbed.
    const calm = await second.finished(await second.submit({ prompt: 'a red ball', seed: 7, steps: 40 }));
    expect(calm.outputs[0]?.sha256).toBe(job.outputs[0]?.sha256);
  });

  it('a second one on the same data folder is refused in one line', async () => {
    const service = await start();
    const cli = fileURLToPath(new URL('dist/cli.js', root));
    const second = spawnSync(process.execPath, [cli, 'serve', '--port', '0', '--data', service.data], {
      encoding: 'utf8',
    });
    expect(second.status).toBe(1);
    expect(second.stderr.trim().split('\n')).toHaveLength(1);
    expect(second.stderr).toContain(String(service.pid));
    expect((await service.fetch('/livez')).status).toBe(200);
  });
});

describe('a device process that is killed', () => {
  it('is started again, and its jobs are drawn at the next attempt', async () => {
    const service = await start();
    const { id } = await service.submit({ prompt: 'a blue cube', seed: 3, steps: 40 });
    await service.until(id, (job) => (job.progress?.step ?? 0) > 2);
    const [device] = await children(service.pid, 'device/main.js');
    process.kill(device ?? 0, 'SIGKILL');
    const job = await service.finished(await service.job(id));
    expect(job.status).toBe('succeeded');
    expect(job.attempt).toBe(2);
  });

  it('children end with their parent', async () => {
    const service = await start();
    await service.finished(await service.submit({ prompt: '', steps: 1 }));
    const orphans = await children(service.pid, 'main.js');
    expect(orphans.length).toBeGreaterThan(0);
    await service.stop('SIGKILL');
    await expect.poll(() => orphans.filter(isAlive), { timeout: 10_000 }).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
