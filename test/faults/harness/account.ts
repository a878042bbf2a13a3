import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobView } from '../../support/service.ts';
import type { Cluster } from './cluster.ts';
import type { Receiver } from './receiver.ts';
import type { Report } from './report.ts';

/** Waits until all jobs have ended and holds them to the promise: none is lost, none fails, each has one result. */
export async function accountFor(
  cluster: Cluster,
  ids: readonly string[],
  report: Report,
  limitMs: number,
  { leftovers = 0 }: { readonly leftovers?: number } = {},
): Promise<ReadonlyMap<string, JobView>> {
  const jobs = await cluster.untilFinal(ids, limitMs);
  const all = [...jobs.values()];
  const ended = all.filter(({ status }) => status === 'succeeded' || status === 'failed');
  const succeeded = all.filter(({ status }) => status === 'succeeded');
  report.atLeast('jobs', ids.length, 1);
  report.exactly('lost', ids.length - ended.length, 0);
  report.exactly('failed', ended.length - succeeded.length, 0);
  let results = 0;
  let odd = 0;
  let outputs = 0;
  for (const { id, attempt } of succeeded) {
    const events = await cluster.events(id);
    if (events.filter((type) => type === 'succeeded').length === 1 && events.at(-1) === 'succeeded') results += 1;
    const folders = await tidied(cluster, id, attempt);
    if (await isWhole(cluster, id)) outputs += 1;
    odd += folders.filter((name) => name !== String(attempt)).length;
  }
  report.exactly('jobs with exactly one result', results, succeeded.length);
  report.exactly('jobs whose bytes are there', outputs, succeeded.length);
  // A worker that is killed between its commit and its tidying leaves them to the next sweep.
  report.atMost('folders of lost attempts that are left', odd, leftovers);
  report.figure(
    'attempts',
    all.reduce((sum, { attempt }) => sum + attempt, 0),
  );
  report.figure('most attempts of a job', Math.max(...all.map(({ attempt }) => attempt)));
  return jobs;
}

/** Whether the bytes of all outputs of a job are those that it names. */
export async function isWhole(cluster: Cluster, id: string): Promise<boolean> {
  const { outputs } = await cluster.job(id);
  const found = outputs.map(async ({ sha256 }, index) => {
    const response = await fetch(new URL(`/v1/generations/${id}/outputs/${index}`, cluster.address));
    const bytes = Buffer.from(await response.arrayBuffer());
    return response.ok && createHash('sha256').update(bytes).digest('hex') === sha256;
  });
  return outputs.length > 0 && (await Promise.all(found)).every(Boolean);
}

/** Folders of a job's attempts, once those of others than the last are gone: that comes after the job's end. Or what there is after 5 s. */
export async function tidied(cluster: Cluster, id: string, attempt: number): Promise<readonly string[]> {
  const look = async (): Promise<readonly string[]> =>
    await readdir(join(cluster.data, 'objects/tenants/default/generations', id));
  const only = async (): Promise<boolean> => (await look()).every((name) => name === String(attempt));
  await cluster.until(only, 'only the last attempt is left', null, 5_000).catch(() => {});
  return await look();
}

/** Waits until each job's end was told, and holds that it was told under one id. */
export async function accountForWebhooks(
  cluster: Cluster,
  receiver: Receiver,
  ids: readonly string[],
  report: Report,
): Promise<void> {
  await cluster
    .until(async () => await Promise.resolve(ids.every((id) => receiver.idsOf(id) > 0)), 'all ends are told')
    .catch(() => {});
  report.exactly('jobs with exactly one webhook-id', ids.filter((id) => receiver.idsOf(id) === 1).length, ids.length);
}
