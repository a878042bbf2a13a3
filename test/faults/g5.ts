/** G5: the disk is full, then Redis's memory: a clear answer, no partial file, and all goes on when there is room again. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { accountFor } from './harness/account.ts';
import { type Answer, Cluster, smallJob } from './harness/cluster.ts';
import type { Report } from './harness/report.ts';
import { scenario } from './harness/scenario.ts';
import { SmallDisk, smallDiskMissing } from './harness/small-disk.ts';

export const g5 = scenario({
  title: 'the disk is full, and so is Redis',
  missing: smallDiskMissing,
  sizes: { megabytes: 24, jobs: 4, seconds: 3 },
  short: { megabytes: 24, jobs: 2, seconds: 15 },
  async run({ megabytes, jobs, seconds }, report) {
    const disk = new SmallDisk(megabytes);
    try {
      const cluster = await Cluster.start({ workers: 1, data: disk.folder });
      try {
        const ids = await fullDisk(cluster, disk, jobs, report);
        ids.push(await fullRedis(cluster, seconds, report));
        await accountFor(cluster, ids, report, 300_000);
        report.exactly('drafts that are left', (await draftsIn(cluster)).length, 0);
      } finally {
        await cluster.close();
      }
    } finally {
      disk.remove();
    }
  },
});

async function fullDisk(cluster: Cluster, disk: SmallDisk, jobs: number, report: Report): Promise<string[]> {
  const ids: string[] = [];
  for (let seed = 0; seed < jobs; seed += 1) ids.push((await cluster.submit({ ...smallJob, steps: 40, seed })).id);
  await cluster.until(async () => (await cluster.job(ids[0]!)).progress !== null, 'a job is drawn');
  disk.fill();
  const upload = await sendPicture(cluster);
  report.exactly('disk full, upload: status', upload.status, 507);
  report.exactly('disk full, upload: code', codeOf(upload), 'storage_full');
  const ready = await cluster.call('GET', '/readyz');
  report.exactly('disk full, readyz: status', ready.status, 503);
  await cluster.until(async () => (await cluster.job(ids[0]!)).last_fault !== null, 'a result cannot be stored');
  const job = await cluster.job(ids[0]!);
  report.exactly('disk full, job: last fault', job.last_fault?.code ?? 'none', 'storage_full');
  report.exactly('disk full, job: strikes', job.strikes, 0);
  report.exactly('disk full, drafts that are left', (await draftsIn(cluster)).length, 0);
  report.exactly('disk full, files of the job', (await filesOf(cluster, ids[0]!)).length, 0);
  disk.makeRoom();
  return ids;
}

async function fullRedis(cluster: Cluster, seconds: number, report: Report): Promise<string> {
  const redis = new Redis(cluster.redis.url);
  try {
    await redis.config('SET', 'maxmemory', '1');
    const answer = await cluster.call('POST', '/v1/generations', { ...smallJob, seed: 77, priority: 9 });
    report.exactly('Redis full, submit: status', answer.status, 202);
    report.atMost('Redis full, submit: ms', Math.round(answer.ms), 1000);
    const { id } = answer.body as { readonly id: string };
    report.exactly('Redis full, job: status', (await cluster.job(id)).status, 'queued');
    await redis.config('SET', 'maxmemory', '0');
    const back = performance.now();
    await cluster.until(async () => (await cluster.job(id)).attempt > 0, 'the job is started');
    report.atMost('after it, seconds until the job is started', (performance.now() - back) / 1000, seconds);
    return id;
  } finally {
    redis.disconnect();
  }
}

/** An upload of a PNG of one pixel. */
async function sendPicture(cluster: Cluster): Promise<Answer> {
  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const startedAt = performance.now();
  const response = await fetch(new URL('/v1/uploads', cluster.address), {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
    body: Buffer.from(pixel, 'base64'),
  });
  const ms = performance.now() - startedAt;
  return { status: response.status, body: await response.json(), retryAfter: response.headers.get('retry-after'), ms };
}

function codeOf({ body }: Answer): string {
  return String((body as { readonly code?: unknown }).code);
}

async function draftsIn(cluster: Cluster): Promise<readonly string[]> {
  return await readdir(join(cluster.data, 'drafts'));
}

async function filesOf(cluster: Cluster, id: string): Promise<readonly string[]> {
  const folder = join(cluster.data, 'objects/tenants/default/generations', id);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}
