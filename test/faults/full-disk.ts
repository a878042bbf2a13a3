/** The disk is full, then Redis's memory: a clear answer, no partial file, and all goes on when there is room again. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Service } from '../support/service.ts';
import { accountFor } from './harness/account.ts';
import { type Answer, Cluster, smallJob } from './harness/cluster.ts';
import type { Report } from './harness/report.ts';
import { scenario } from './harness/scenario.ts';
import { SmallDisk, smallDiskMissing } from './harness/small-disk.ts';

export const fullDisk = scenario({
  title: 'the disk is full, and so is Redis',
  missing: smallDiskMissing,
  sizes: { megabytes: 24, embedded: 200, jobs: 4, seconds: 3 },
  short: { megabytes: 24, embedded: 200, jobs: 2, seconds: 15 },
  async run({ megabytes, embedded, jobs, seconds }, report) {
    await fullEmbedded(embedded, jobs, report);
    const disk = new SmallDisk(megabytes);
    try {
      const cluster = await Cluster.start({ workers: 1, data: disk.folder });
      try {
        const ids = await fillDisk(cluster, disk, jobs, report);
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

/** One process with its database on the disk that is full: it answers, and goes on when there is room again. */
async function fullEmbedded(megabytes: number, jobs: number, report: Report): Promise<void> {
  const disk = new SmallDisk(megabytes);
  const accepted: string[] = [];
  try {
    const service = await Service.start({ flags: ['--provider', 'cpu'], data: disk.folder });
    try {
      for (let seed = 0; seed < jobs; seed += 1)
        accepted.push((await service.submit({ ...smallJob, steps: 40, seed })).id);
      await service.until(accepted[0]!, ({ progress }) => progress !== null);
      disk.fill();
      const upload = await sendPicture(service.address);
      report.exactly('embedded, disk full, upload: status', upload.status, 507);
      report.exactly('embedded, disk full, upload: code', codeOf(upload), 'storage_full');
      for (let seed = 0; seed < 20; seed += 1) {
        const answer = await service.fetch('/v1/generations', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...smallJob, prompt: 'x'.repeat(1000), seed }),
        });
        const { id, code = '' } = (await answer.json()) as { readonly id: string; readonly code?: string };
        if (answer.status === 202) accepted.push(id);
        else report.exactly(`embedded, disk full, submit ${seed}`, `${answer.status} ${code}`, '507 storage_full');
      }
      report.exactly('embedded, disk full, livez: status', (await service.fetch('/livez')).status, 200);
      report.exactly('embedded, disk full, readyz: status', (await service.fetch('/readyz')).status, 503);
      report.exactly('embedded, disk full, list: status', (await service.fetch('/v1/generations')).status, 200);
      disk.makeRoom();
      const ended = await Promise.all(
        accepted.map((id) => service.until(id, ({ status }) => /^(succ|fail)/.test(status), 300_000)),
      );
      report.exactly(
        'embedded, jobs that are lost or failed',
        ended.filter(({ status }) => status !== 'succeeded').length,
        0,
      );
      const fresh = await service.draw({ ...smallJob, seed: 99 });
      report.exactly('embedded, a new job', fresh.status, 'succeeded');
    } finally {
      await service.stop();
    }
    const again = await Service.start({ flags: ['--provider', 'cpu'], data: disk.folder });
    try {
      report.exactly('embedded, started again: livez', (await again.fetch('/livez')).status, 200);
      const kept = await Promise.all(accepted.map(async (id) => (await again.job(id)).status));
      report.exactly(
        'embedded, started again: jobs that are lost',
        kept.filter((status) => status !== 'succeeded').length,
        0,
      );
    } finally {
      await again.stop();
    }
  } finally {
    disk.remove();
  }
}

async function fillDisk(cluster: Cluster, disk: SmallDisk, jobs: number, report: Report): Promise<string[]> {
  const ids: string[] = [];
  for (let seed = 0; seed < jobs; seed += 1) ids.push((await cluster.submit({ ...smallJob, steps: 40, seed })).id);
  await cluster.until(async () => (await cluster.job(ids[0]!)).progress !== null, 'a job is drawn');
  disk.fill();
  const upload = await sendPicture(cluster.address);
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
    // Or it would not be full, and what follows would show nothing.
    const write = await redis.set('armature-faults', 'x').catch((error: Error) => error.message);
    report.exactly('Redis full, a write', write.slice(0, 3), 'OOM');
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
async function sendPicture(address: string): Promise<Answer> {
  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const startedAt = performance.now();
  const response = await fetch(new URL('/v1/uploads', address), {
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
