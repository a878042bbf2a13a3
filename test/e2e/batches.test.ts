import { expect, it } from 'vitest';
import { Service } from '../support/service.ts';

async function waitingJobs(service: Service): Promise<number> {
  const text = await (await service.fetch('/metrics')).text();
  return Number(/^armature_jobs\{state="waiting"\} (\d+)$/m.exec(text)?.[1]);
}

async function listed(service: Service, path: string): Promise<readonly unknown[]> {
  return ((await (await service.fetch(path)).json()) as { data: readonly unknown[] }).data;
}

it('a batch whose server was killed while it wrote the items leaves nothing behind', async () => {
  const item = { prompt: 'a ball', width: 64, height: 64, steps: 1 };
  const body = Array.from({ length: 10_000 }, () => JSON.stringify(item)).join('\n');
  const submission = { method: 'POST', headers: { 'content-type': 'application/jsonl' }, body };
  const killed = await Service.start();
  const answer = killed.fetch('/v1/batches', submission).catch(() => null);
  while ((await waitingJobs(killed)) === 0);
  expect(await listed(killed, '/v1/batches')).toEqual([]);
  await killed.stop('SIGKILL');
  expect(await answer).toBeNull();

  const service = await Service.start({ data: killed.data });
  try {
    expect(await listed(service, '/v1/batches')).toEqual([]);
    expect(await listed(service, '/v1/generations')).toEqual([]);
    // They go in slices, beside what the server is asked.
    await expect.poll(async () => await waitingJobs(service), { timeout: 50_000 }).toBe(0);
  } finally {
    await service.stop();
  }
});
