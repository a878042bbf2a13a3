/** Latency of a server on the embedded database with many jobs, while it sweeps, vacuums, cancels a batch and erases a tenant. Flags: --ended 100000 --waiting 10000 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { conditionIds } from '../src/conditions/registry.ts';
import { packageRoot } from '../src/config/package-files.ts';
import { createFetcher } from '../src/fetch/fetcher.ts';
import { decodeHere } from '../src/images/decoder/decoder.ts';
import { createMetrics } from '../src/metrics/metrics.ts';
import { AnnotatorLibrary } from '../src/models/annotators/annotators.ts';
import { openLibrary } from '../src/models/library.ts';
import { startFeeder } from '../src/queue/feeder.ts';
import { openQueue } from '../src/queue/open.ts';
import { newBatchId, newJobId } from '../src/records/schema/ids.ts';
import { openRecords } from '../src/records/open.ts';
import { eraseTenant } from '../src/retention/erase-tenant.ts';
import { sweep } from '../src/retention/sweep.ts';
import { buildApp } from '../src/server/app.ts';
import { defaultServerLimits } from '../src/server/parts/limits.ts';
import { openFileStore } from '../src/store/file-store.ts';
import { untraced } from '../src/tracing/tracing.ts';
import { fill } from './embedded-load/fill.ts';
import type { Probe, ProbeAnswers } from './embedded-load/probe.ts';
import { measureStatements } from './embedded-load/statements.ts';

const { values } = parseArgs({
  options: { ended: { type: 'string', default: '100000' }, waiting: { type: 'string', default: '10000' } },
});
const filling = { ended: Number(values.ended), waiting: Number(values.waiting), tenants: 20 };

// The compiler leaves the pages where they are.
await cp(join(packageRoot, 'src', 'web'), fileURLToPath(new URL('../src/web', import.meta.url)), { recursive: true });
const data = await mkdtemp(join(tmpdir(), 'armature-embedded-load-'));
const statements = measureStatements();
const { records, queueEngine } = await openRecords({ dataFolder: data });
const { pool } = queueEngine();
const queue = await openQueue(queueEngine());
const begun = performance.now();
await fill(pool, filling);
console.log(
  `${filling.ended} ended and ${filling.waiting} waiting jobs of ${filling.tenants} tenants were written into ${data} in ${((performance.now() - begun) / 1000).toFixed(0)} s`,
);

const store = await openFileStore(join(data, 'store'));
const log = pino({ level: 'fatal' });
const clock = (): Date => new Date();
const windows = { tenant: 32, total: 64 };
const feeder = startFeeder(records, queue, { windows, onError: (error) => console.error(error) });
const models = join(packageRoot, 'models');
const unlimited = { submissionsPerMinute: null, readsPerMinute: null };
const app = await buildApp({
  records,
  queue,
  feeder,
  store,
  library: await openLibrary([models], { conditions: conditionIds }),
  annotators: await AnnotatorLibrary.open({
    bundled: join(models, 'annotators'),
    pulled: [],
    catalog: join(models, 'catalog.json'),
  }),
  fetcher: createFetcher(),
  decoder: decodeHere,
  draining: new AbortController().signal,
  deviceState: () => ({ state: 'elsewhere', detail: 'Nothing is drawn.' }),
  settings: {
    version: '0.0.0',
    defaultModel: 'diorama',
    publicUrl: null,
    embedParameters: true,
    signsWebhooks: false,
    corsOrigins: [],
    windows,
    limits: defaultServerLimits,
    access: { adminKey: null, allowAnonymous: true, loopback: true },
    load: { ...unlimited, maxQueued: 1e6, maxQueuedPerTenant: 1e6, bodyMemory: 2 ** 28 },
    trustedProxies: [],
  },
  tracing: untraced,
  metrics: createMetrics({ version: '0.0.0', role: 'api' }),
  log,
  clock,
  randomSeed: () => 7,
});
await app.listen({ port: 0, host: '127.0.0.1' });
const address = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
const submission = { prompt: 'a red ball', steps: 20, width: 512, height: 512 };
const first = await app.inject({ method: 'POST', url: '/v1/generations', payload: submission });
const { id } = first.json<{ id: string }>();

const probes: readonly Probe[] = [
  { name: '/livez', method: 'GET', path: '/livez', everyMs: 10, mostMs: 100 },
  { name: 'status', method: 'GET', path: `/v1/generations/${id}`, everyMs: 20, mostMs: 500 },
  { name: 'list', method: 'GET', path: '/v1/generations', everyMs: 50, mostMs: 500 },
  { name: 'list of another tenant', method: 'GET', path: '/v1/generations?tenant=tenant-3', everyMs: 50, mostMs: 500 },
  { name: 'overview', method: 'GET', path: '/v1/admin/overview', everyMs: 500 },
  { name: 'submission', method: 'POST', path: '/v1/generations', body: submission, everyMs: 100, mostMs: 1000 },
];
const prober = fork(new URL('embedded-load/prober.js', import.meta.url), [address, JSON.stringify(probes)]);

async function probed(): Promise<ProbeAnswers> {
  const told = once(prober, 'message');
  prober.send('report');
  return ((await told) as [ProbeAnswers])[0];
}

/** What was slower than it may be, or had no good answer. */
const missed: string[] = [];

function percentiles(times: readonly number[]): readonly number[] {
  const sorted = times.toSorted((a, b) => a - b);
  return [0.5, 0.99, 1].map((share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN);
}

/** Each probe's times by the kind of answer: what went well, and every other status by itself. */
function printProbes(what: string, answers: ProbeAnswers): void {
  for (const [name, given] of Object.entries(answers)) {
    const kinds = new Map<string, number[]>([['', []]]);
    for (const { status, ms } of given) {
      const kind = status >= 200 && status < 300 ? '' : status === 0 ? ', no answer' : `, ${status}`;
      kinds.set(kind, [...(kinds.get(kind) ?? []), ms]);
    }
    for (const [kind, times] of kinds) {
      const most = probes.find((probe) => probe.name === name)?.mostMs ?? Number.POSITIVE_INFINITY;
      const all = percentiles(times);
      // A probe without a single good answer has no times: it is missed as well.
      const holds = kind === '' && (all[1]! <= most || most === Number.POSITIVE_INFINITY);
      if (!holds) missed.push(`${what}: ${name}${kind}, p99 ${all[1]!.toFixed(0)} ms`);
      const bound = kind === '' && Number.isFinite(most) ? `, p99 at most ${most}${holds ? '' : ': MISSED'}` : '';
      const figures = all.map((ms) => ms.toFixed(0).padStart(6)).join('');
      console.log(`  ${`${name}${kind}`.padEnd(36)} p50 p99 max${figures} ms of ${times.length}${bound}`);
    }
  }
}

/** The statements that held the session longest: once, and together. */
function printStatements(): void {
  const all = statements();
  const longest = all.toSorted((a, b) => b.longest - a.longest).slice(0, 4);
  const most = all.toSorted((a, b) => b.total - a.total).slice(0, 4);
  for (const { text, count, total, longest: worst } of new Set([...longest, ...most])) {
    const figures = `${worst.toFixed(0).padStart(6)} ms at most, ${total.toFixed(0).padStart(6)} ms in ${count}`;
    console.log(`  ${figures.padEnd(44)}${text.replaceAll(/\s+/g, ' ').trim().slice(0, 90)}`);
  }
}

/** Probes the server for as long as some work takes, and longer where that is short. */
async function during(what: string, work: () => Promise<unknown>): Promise<void> {
  await probed();
  statements();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = process.cpuUsage();
  const start = performance.now();
  const found = await work().catch((error: unknown) => {
    missed.push(`${what}: ${String(error)}`);
    return `failed: ${String(error)}`;
  });
  const took = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  if (took < 3000) await pause(3000 - took);
  delay.disable();
  const summary = found === undefined ? '' : JSON.stringify(found);
  console.log(
    `\n${what}: ${(took / 1000).toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of processor time ${summary}`,
  );
  console.log(`  ${'longest hold of the event loop'.padEnd(36)}${(delay.max / 1e6).toFixed(0).padStart(30)} ms`);
  printProbes(what, await probed());
  printStatements();
}

const signal = new AbortController().signal;
const parts = { records, store, log, clock };
const kept = { age: null, bytes: null };
await during('before the first statistics, nothing else', async () => await pause(4000));
await during('the first upkeep', async () => await pause(12_000));
await during('nothing else', async () => await pause(10_000));
await during('a sweep by size, of 3,000 jobs', async () => {
  const bytes = (await records.retention.storedBytes()) - 3000 * 400_000;
  return await sweep(parts, { ...kept, bytes }, signal);
});
await during('vacuum of all tables', async () => await records.vacuum('daily'));

const plan = (await records.findJob('default', id))!.plan;
const batch = { id: newBatchId(), tenant: 'default', name: null, metadata: null, axes: null };
const items = Array.from({ length: 10_000 }, () => ({
  id: newJobId(),
  plan,
  warnings: [],
  metadata: null,
  priority: 3,
}));
await during('a batch of 10,000 is recorded', async () => void (await records.batches.insert(batch, items)));
const ofBatch = async (method: 'POST' | 'DELETE', path = '') => {
  const start = performance.now();
  const { status } = await fetch(new URL(`/v1/batches/${batch.id}${path}`, address), { method });
  return `answered ${status} after ${(performance.now() - start).toFixed(0)} ms`;
};
await during('the batch is cancelled', async () => {
  const answer = await ofBatch('POST', '/cancel');
  while ((await records.batches.find('default', batch.id))?.cancelling === true) await pause(200);
  return answer;
});
await during('the batch is deleted', async () => {
  const answer = await ofBatch('DELETE');
  const left = async () =>
    (await pool.query('select from armature.job where batch_id = $1 limit 1', [batch.id])).rows.length;
  while ((await left()) > 0) await pause(200);
  return answer;
});
await during('a tenant with 5,500 jobs is erased', async () => {
  const removeTicket = async (job: string): Promise<void> => await queue.remove(job);
  return await eraseTenant({ records, store, removeTicket }, 'tenant-5');
});

prober.kill();
await app.close();
await feeder.close();
await queue.close();
await records.close();
await rm(data, { recursive: true, force: true });
console.log(
  `\nThe machine's load was ${loadavg()[1]!.toFixed(1)} on ${cpus().length} processors: above their number times say little, and processor time says more.`,
);
console.log(missed.length === 0 ? '\nAll within their bounds.' : `\nMissed:\n  ${missed.join('\n  ')}`);
if (missed.length > 0) process.exitCode = 1;
