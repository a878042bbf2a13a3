import { truncate, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { type Application, finishJob, openApplication, pictureFile } from './application.ts';

let application: Application;
let origin: string;
beforeAll(async () => {
  application = await openApplication();
  await application.app.listen({ host: '127.0.0.1', port: 0 });
  origin = `http://127.0.0.1:${(application.app.server.address() as AddressInfo).port}`;
});
afterAll(async () => await application.close());

interface Answer {
  readonly status: number;
  readonly bytes: number;
  /** Whether the connection ended before the announced end. */
  readonly cut: boolean;
  readonly milliseconds: number;
}

async function ask(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const startedAt = performance.now();
  return await new Promise((resolve, reject) => {
    const request = get(`${origin}${path}`, { headers, agent: false }, (answer: IncomingMessage) => {
      let bytes = 0;
      answer.on('data', (chunk: Uint8Array) => (bytes += chunk.length));
      answer.on('error', () => {});
      answer.once('close', () => {
        const milliseconds = performance.now() - startedAt;
        resolve({ status: answer.statusCode!, bytes, cut: !answer.complete, milliseconds });
      });
    });
    request.on('error', reject);
  });
}

/** A job that has ended, with a map; where the files of its output and its map lie. */
async function drawn(): Promise<{ readonly view: JobView; readonly output: string; readonly map: string }> {
  const controls = [{ type: 'depth', image: { data: (await pictureFile()).toString('base64') } }];
  const response = await application.app.inject({
    method: 'POST',
    url: '/v1/generations',
    payload: { prompt: 'x', controls },
  });
  const job = await finishJob(application, response.json<JobView>());
  const view = (await application.app.inject(`/v1/generations/${job.id}`)).json<JobView>();
  const fileOf = (key: string): string => join(application.folder, 'objects', ...key.split('/'));
  return { view, output: fileOf(job.result!.outputs[0]!.key), map: fileOf(job.result!.maps[0]!.key) };
}

describe('a stored file that is not what was stored', () => {
  test('ends the connection at once, whole and in ranges, outputs and maps', async () => {
    const { view, output, map } = await drawn();
    const paths = [
      [view.outputs[0]!.url, output],
      [view.maps[0]!.url, map],
    ] as const;
    for (const [url, file] of paths) {
      const { pathname } = new URL(url, origin);
      const whole = await ask(pathname);
      expect(whole).toMatchObject({ status: 200, cut: false });
      for (const left of [40, 0]) {
        await truncate(file, left);
        for (const range of [undefined, 'bytes=0-', 'bytes=10-60', 'bytes=50-60', 'bytes=-5']) {
          const answer = await ask(pathname, range === undefined ? {} : { range });
          expect(answer.cut || answer.status === 500, `${left} ${range} ${JSON.stringify(answer)}`).toBe(true);
          expect(answer.milliseconds).toBeLessThan(5000);
        }
      }
      await writeFile(file, Buffer.alloc(whole.bytes + 10));
      const longer = await ask(pathname);
      expect(longer.cut || longer.status === 500, JSON.stringify(longer)).toBe(true);
    }
  });

  test('ends an archive of a batch with an error, too', async () => {
    const response = await application.app.inject({
      method: 'POST',
      url: '/v1/batches',
      payload: { items: [{ prompt: 'a' }, { prompt: 'b' }] },
    });
    const { id } = response.json<{ id: string }>();
    const items = (await application.app.inject(`/v1/batches/${id}/items`)).json<{ data: JobView[] }>().data;
    for (const item of items) {
      const job = await finishJob(application, item);
      await truncate(join(application.folder, 'objects', ...job.result!.outputs[0]!.key.split('/')), 20);
    }
    const answer = await ask(`/v1/batches/${id}/results`, { accept: 'application/zip' });
    expect(answer).toMatchObject({ cut: true });
    expect(answer.milliseconds).toBeLessThan(5000);
  });
});
