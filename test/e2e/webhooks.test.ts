import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Service } from '../support/service.ts';
import { receiver, secret } from '../webhooks/receiver.ts';

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
}

test('an event whose server was killed while it sent it is sent again under the same id', async () => {
  // The first time it takes the event and never answers.
  const hook = await receiver((_event, response, count) => {
    if (count > 1) response.writeHead(200).end();
  });
  const flags = ['--allow-fetch', hook.host, '--public-url', 'https://draw.example.com'];
  const killed = await Service.start({ flags });
  const job = await killed.submit({ prompt: 'x', steps: 1, webhook: { url: hook.url, secret } });
  await expect.poll(() => hook.events.length, { timeout: 60_000 }).toBe(1);
  await killed.stop('SIGKILL');

  const service = await Service.start({ flags, data: killed.data });
  const delivery = async (): Promise<Delivery> =>
    ((await service.job(job.id)) as unknown as { webhook: { deliveries: Delivery[] } }).webhook.deliveries[0]!;
  await expect.poll(async () => (await delivery()).status, { timeout: 90_000, interval: 500 }).toBe('delivered');
  const { id, attempts } = await delivery();
  expect(attempts).toBe(2);
  expect(hook.events.map((event) => event.id)).toEqual([id, id]);
  expect(hook.events[1]).toMatchObject({
    type: 'generation.succeeded',
    data: { id: job.id, status: 'succeeded', url: `https://draw.example.com/v1/generations/${job.id}` },
  });
  await service.stop('SIGKILL');
  await rm(killed.data, { recursive: true, force: true });
}, 200_000);

test('the end of a batch is told once, though its server was killed while it was drawn', async () => {
  const hook = await receiver();
  const flags = ['--allow-fetch', hook.host];
  const webhook = { url: hook.url, secret };
  const killed = await Service.start({ flags });
  const items = Array.from({ length: 6 }, (_, seed) => ({ prompt: 'x', steps: 30, seed, webhook }));
  const response = await killed.fetch('/v1/batches', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ items, webhook }),
  });
  const { id } = (await response.json()) as { id: string };
  await expect.poll(() => hook.events.length, { timeout: 60_000, interval: 20 }).toBeGreaterThan(0);
  await killed.stop('SIGKILL');
  expect(hook.events.map(({ type }) => type)).not.toContain('batch.succeeded');

  const service = await Service.start({ flags, data: killed.data });
  const told = () => hook.events.filter(({ type }) => type === 'batch.succeeded');
  await expect.poll(() => told().length, { timeout: 120_000, interval: 200 }).toBe(1);
  expect(told()[0]!.data).toMatchObject({ id, status: 'succeeded', counts: { succeeded: 6, running: 0, queued: 0 } });
  // Each item under one id, however often it was sent.
  const ofItems = () => hook.events.filter(({ type }) => type === 'generation.succeeded');
  const different = (key: (event: (typeof hook.events)[number]) => unknown) => new Set(ofItems().map(key)).size;
  await expect.poll(() => different(({ data }) => data['id']), { timeout: 90_000, interval: 200 }).toBe(6);
  expect(different((event) => event.id)).toBe(6);
  await service.stop('SIGKILL');
  await rm(killed.data, { recursive: true, force: true });
}, 240_000);
