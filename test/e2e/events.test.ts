import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { eventSource, type SourceEvent } from '../support/event-source.ts';
import { Service } from '../support/service.ts';

test('a browser follows a job to its end, though the server is killed and started again in the middle', async () => {
  const killed = await Service.start({ flags: ['--checkpoint-every', '1'] });
  const port = Number(new URL(killed.address).port);
  const job = await killed.submit({ prompt: 'a red cube', steps: 60, seed: 7 });
  const seen: SourceEvent[] = [];
  const follow = async (): Promise<void> => {
    for await (const event of eventSource(`${killed.address}/v1/generations/${job.id}/events`)) seen.push(event);
  };
  const following = follow();
  await expect.poll(() => seen.at(-1)?.type, { timeout: 60_000 }).toBe('progress');
  await killed.stop('SIGKILL');
  const before = seen.length;

  const service = await Service.start({ port, data: killed.data });
  // It ends by itself: after the last event the server tells it to come back no more.
  await following;
  const ids = seen.map(({ id }) => Number(id));
  expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  expect(seen.slice(0, 2).map(({ type }) => type)).toEqual(['queued', 'started']);
  expect(seen.slice(before).map(({ type }) => type)).toContain('started');
  expect(seen.at(-1)).toMatchObject({ type: 'succeeded', data: { id: job.id, status: 'succeeded', attempt: 2 } });
  expect(seen.filter(({ type }) => type === 'succeeded')).toHaveLength(1);
  await service.stop('SIGKILL');
  await rm(killed.data, { recursive: true, force: true });
}, 200_000);
