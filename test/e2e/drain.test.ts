import { readdir, rm } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { newDataFolder } from '../support/embedded-template.ts';
import { type JobView, Service } from '../support/service.ts';

const running: Service[] = [];
afterAll(async () => {
  for (const service of running) {
    await service.stop('SIGKILL');
    await rm(service.data, { recursive: true, force: true });
  }
});

async function start(flags: readonly string[], data?: string): Promise<Service> {
  const service = await Service.start({ flags, data: data ?? (await newDataFolder()) });
  running.push(service);
  return service;
}

const long = { prompt: 'a red ball', seed: 7, steps: 60, scheduler: 'euler_a' } as const;

/** Steps that a job was seen at while `attempt` ran. */
async function stepsOf(service: Service, id: string, attempt: number): Promise<number[]> {
  const steps: number[] = [];
  await service.until(id, (job: JobView) => {
    if (job.attempt === attempt && job.status === 'running' && job.progress !== null) steps.push(job.progress.step);
    return job.status === 'succeeded';
  });
  return steps;
}

describe('a long job', () => {
  it('goes on from its checkpoint after everything was killed, to the same picture', async () => {
    const first = await start(['--checkpoint-every', '1']);
    const { id } = await first.submit(long);
    const { checkpoint_step: step } = await first.until(id, (job) => (job.checkpoint_step ?? 0) > 4);
    await first.stop('SIGKILL');
    const second = await start([], first.data);
    const steps = await stepsOf(second, id, 2);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(step!);
    const job = await second.job(id);
    expect(job).toMatchObject({ attempt: 2, strikes: 0, last_fault: { code: 'worker_lost' } });
    const calm = await second.draw(long);
    expect(job.outputs[0]?.sha256).toBe(calm.outputs[0]?.sha256);
    expect(await readdir(`${second.data}/objects/tenants/default/generations/${id}`)).toEqual(['2']);
  });
});

describe('a service that is told to stop', () => {
  it('lets end what ends in the time of grace, and refuses what is new', async () => {
    const service = await start(['--grace', '60']);
    const { id } = await service.submit({ ...long, steps: 20 });
    await service.until(id, ({ progress }) => (progress?.step ?? 0) > 0);
    const stopped = service.stop('SIGTERM');
    await expect.poll(async () => (await service.fetch('/readyz')).status).toBe(503);
    const refused = await service.fetch('/v1/generations', { method: 'POST', body: '{"prompt": ""}' });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await refused.json()).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('stopping') });
    // Reading goes on as long as there is something to see.
    await service.until(id, ({ status }) => status === 'succeeded');
    await stopped;
  });

  it('hands back what does not, with a checkpoint and without a fault', async () => {
    const first = await start(['--grace', '0']);
    const { id } = await first.submit(long);
    await first.until(id, ({ progress }) => (progress?.step ?? 0) > 4);
    await first.stop('SIGTERM');
    const second = await start([], first.data);
    const steps = await stepsOf(second, id, 2);
    expect(Math.min(...steps)).toBeGreaterThan(4);
    expect(await second.job(id)).toMatchObject({ attempt: 2, strikes: 0, last_fault: null });
    const calm = await second.draw(long);
    expect((await second.job(id)).outputs[0]?.sha256).toBe(calm.outputs[0]?.sha256);
  });
});
