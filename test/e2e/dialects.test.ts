import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Service } from '../support/service.ts';
import { type Receiver, receiver, secret } from '../webhooks/receiver.ts';
import { type DialectEntry, entryWithAtelier } from './dialect-entry.ts';

interface Drawing {
  readonly ticket: string;
  readonly status: string;
}

let entry: DialectEntry;
beforeAll(async () => {
  entry = await entryWithAtelier();
});
afterAll(async () => await entry.remove());

async function draw(service: Service, name: string, hook: Receiver): Promise<Response> {
  const asked = { words: name, name, steps: 40, tell: { url: hook.url, secret } };
  const headers = { 'content-type': 'application/json', 'idempotency-key': name };
  return await service.fetch('/atelier/drawings', { method: 'POST', headers, body: JSON.stringify(asked) });
}

test('jobs of a dialect whose server is killed are answered and told in that dialect, once', async () => {
  const hook = await receiver();
  const flags = ['--allow-fetch', hook.host, '--max-rows', '2'];
  const names = ['drawn', 'queued'];
  const killed = await Service.start({ flags, entry: entry.path });
  const { data } = killed;
  const tickets: string[] = [];
  for (const name of names) tickets.push(((await (await draw(killed, name, hook)).json()) as Drawing).ticket);
  await killed.until(tickets[0]!, ({ progress }) => (progress?.step ?? 0) > 2);
  expect(await killed.job(tickets[1]!)).toMatchObject({ status: 'queued' });
  // Errors are written, and a key is asked for and refused, as the dialect does.
  const wrong = await killed.fetch('/atelier/numbers/none');
  expect([wrong.status, wrong.headers.get('x-atelier-retry')]).toEqual([422, 'false']);
  expect(await wrong.json()).toMatchObject({ wrong: { name: 'invalid_request' }, request: expect.any(String) });
  const stranger = { headers: { 'x-atelier-pass': 'arm_of_another_server' } };
  const refused = await killed.fetch('/atelier/numbers/1', stranger);
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Atelier reason="bad key"']);
  expect(await refused.json()).toMatchObject({ wrong: { name: 'unauthorized' } });
  expect((await killed.fetch('/v1/generations', stranger)).status).toBe(200);
  await killed.stop('SIGKILL');

  // A release that does not speak it draws them, and keeps what is to be told.
  const other = await Service.start({ flags, data });
  for (const ticket of tickets)
    expect(await other.finished(await other.job(ticket))).toMatchObject({ status: 'succeeded' });
  expect((await other.fetch('/atelier/drawings/drawn')).headers.get('content-type')).toMatch(/problem/);
  const { data: kept } = (await (await other.fetch('/v1/webhook-deliveries')).json()) as { data: unknown };
  expect(kept).toMatchObject(names.map(() => ({ status: 'pending', attempts: 0, type: 'generation.succeeded' })));
  await other.stop('SIGKILL');
  expect(hook.events).toEqual([]);

  const service = await Service.start({ flags, data, entry: entry.path });
  for (const [index, name] of names.entries()) {
    const found = await service.fetch(`/atelier/drawings/${name}`);
    expect(await found.json()).toEqual({ ticket: tickets[index], name, status: 'succeeded' });
    const again = await draw(service, name, hook);
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await again.json()).toMatchObject({ ticket: tickets[index], status: 'succeeded', patience: 0 });
  }
  await expect.poll(() => hook.events.length, { timeout: 60_000, interval: 200 }).toBe(2);
  const told = names.map((name, index) =>
    expect.objectContaining({ over: name, ticket: tickets[index], status: 'succeeded' }),
  );
  expect(hook.events).toEqual(expect.arrayContaining(told));
  const deliveries = async () => (await (await service.fetch('/v1/webhook-deliveries')).json()) as { data: unknown };
  await expect
    .poll(deliveries, { timeout: 20_000 })
    .toMatchObject({ data: names.map(() => ({ status: 'delivered', attempts: 1 })) });
  expect(hook.events).toHaveLength(2);
  await service.stop('SIGKILL');
  await rm(data, { recursive: true, force: true });
}, 240_000);
