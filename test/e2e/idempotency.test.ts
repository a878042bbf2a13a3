import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { localServer } from '../fetch/local-server.ts';
import { type JobView, Service } from '../support/service.ts';
import { pictureFile } from '../server/application.ts';

test('a key whose server was killed between the claim and the job is free again soon', async () => {
  const picture = await pictureFile();
  let answers = false;
  let asked = (): void => {};
  const reached = new Promise<void>((resolve) => (asked = resolve));
  const pictures = await localServer((_request, response) => {
    asked();
    // The first time it keeps the server waiting, which by then has claimed the key.
    if (answers) response.end(picture);
  });
  const flags = ['--allow-fetch', pictures.host];
  const killed = await Service.start({ flags });
  const submit = async (service: Service): Promise<Response> =>
    await service.fetch('/v1/generations', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'order-7' },
      body: JSON.stringify({ prompt: 'x', controls: [{ type: 'canny', image: { url: `${pictures.origin}/a.png` } }] }),
    });

  const lost = submit(killed).catch(() => null);
  await reached;
  expect((await submit(killed)).status).toBe(409);
  await killed.stop('SIGKILL');
  expect(await lost).toBeNull();

  answers = true;
  const service = await Service.start({ flags, data: killed.data });
  let answer = await submit(service);
  for (const begin = performance.now(); answer.status === 409 && performance.now() - begin < 40_000;) {
    await delay(Number(answer.headers.get('retry-after')) * 1000);
    answer = await submit(service);
  }
  expect(answer.status).toBe(202);
  const job = (await answer.json()) as JobView;
  const again = await submit(service);
  expect([again.status, ((await again.json()) as JobView).id]).toEqual([202, job.id]);
  const { data } = (await (await service.fetch('/v1/generations')).json()) as { data: readonly JobView[] };
  expect(data.map(({ id }) => id)).toEqual([job.id]);
  await service.stop('SIGKILL');
  await rm(killed.data, { recursive: true, force: true });
}, 120_000);
