import { readdirSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { type Application, finishJob, openApplication } from './application.ts';

let application: Application;
let origin: string;
let path: string;
beforeAll(async () => {
  application = await openApplication();
  await application.app.listen({ host: '127.0.0.1', port: 0 });
  origin = `http://127.0.0.1:${(application.app.server.address() as AddressInfo).port}`;
  const made = await application.app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x' } });
  const { id } = await finishJob(application, made.json<JobView>());
  path = `/v1/generations/${id}/outputs/0`;
});
afterAll(async () => await application.close());

/** Files of the store that this process has open. */
function openFiles(): readonly string[] {
  const files = readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      return [readlinkSync(`/proc/self/fd/${number}`)];
    } catch {
      return [];
    }
  });
  return files.filter((file) => file.startsWith(application.folder));
}

/** Asks, and hangs up as soon as `seen` has it. */
async function ask(
  method: string,
  headers: Record<string, string>,
  seen: 'sent' | 'answered' | 'ended',
): Promise<void> {
  await new Promise<void>((resolve) => {
    const asking = request(`${origin}${path}`, { method, headers, agent: false });
    asking.on('error', () => {});
    asking.once('close', resolve);
    asking.once('response', (answer) => {
      answer.on('error', () => {});
      if (seen === 'answered') asking.destroy();
      else answer.resume();
    });
    asking.end(() => {
      if (seen === 'sent') setTimeout(() => asking.destroy(), 2);
    });
  });
}

test.runIf(process.platform === 'linux').each([
  ['GET', {}, 'ended'],
  ['HEAD', {}, 'ended'],
  ['HEAD', { range: 'bytes=0-3' }, 'ended'],
  ['GET', { range: 'bytes=2-3' }, 'ended'],
  ['GET', {}, 'answered'],
  ['GET', {}, 'sent'],
] as const)('%s with %o, where the client goes once it is %s, leaves no file open', async (method, headers, seen) => {
  for (let time = 0; time < 20; time++) await ask(method, headers, seen);
  await expect.poll(openFiles, { timeout: 5000 }).toEqual([]);
});
