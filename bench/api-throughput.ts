/** Processor time of the API for status reads and submissions, beside a bare Fastify route. Flags: --requests 20000 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../test/support/free-port.ts';
import { root } from '../test/support/service.ts';
import { startPostgres, startRedis } from '../test/support/servers.ts';
import { measure, type Measured, type Measurement, startMeasured, stopMeasured } from './api-throughput/measured.ts';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '20000' } } });
const count = Number(values.requests);
const submission = { prompt: 'a red ball on a green floor', steps: 20, seed: 7, width: 512, height: 512 };
const submit = { method: 'POST', path: '/v1/generations', body: submission };
const cli = fileURLToPath(new URL('dist/cli.js', root));
const cleanUp: (() => Promise<void>)[] = [];

async function startApi(
  name: string,
  command: readonly string[],
  environment: Record<string, string>,
): Promise<Measured> {
  const data = await mkdtemp(join(tmpdir(), 'armature-throughput-'));
  cleanUp.push(async () => await rm(data, { recursive: true, force: true }));
  const port = await freePort();
  const limits = ['--max-queued', '1000000', '--max-queued-per-tenant', '1000000'];
  const args = [...nodeFlags(), cli, ...command, '--port', String(port), '--data', data, ...limits];
  const api = await startMeasured(name, `http://127.0.0.1:${port}`, '/livez', args, environment);
  cleanUp.push(async () => await stopMeasured(api));
  return api;
}

/** A profile of the API for whoever asks for one: ARMATURE_PROFILE=folder. */
function nodeFlags(): readonly string[] {
  const folder = process.env['ARMATURE_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

async function startBare(answer: unknown): Promise<Measured> {
  const port = await freePort();
  const entry = fileURLToPath(new URL('api-throughput/bare.js', import.meta.url));
  const bare = await startMeasured('bare', `http://127.0.0.1:${port}`, '/', [
    entry,
    String(port),
    JSON.stringify(answer),
  ]);
  cleanUp.push(async () => await stopMeasured(bare));
  return bare;
}

function report(what: string, { cpu, perSecond, p99 }: Measurement, bare?: Measurement): void {
  const ratio = bare === undefined ? '' : `${(cpu / bare.cpu).toFixed(1)} x bare`;
  const rate = `${perSecond.toFixed(0)}/s`;
  console.log(
    `${what.padEnd(44)} ${cpu.toFixed(3)} s per 1,000 ${rate.padStart(9)}  p99 ${p99.toFixed(1)} ms  ${ratio}`,
  );
}

async function measureApi(api: Measured, requests: number): Promise<void> {
  const answers = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const response = await fetch(new URL(submit.path, api.address), {
        method: submit.method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(submit.body),
      });
      return (await response.json()) as { readonly id: string };
    }),
  );
  const reads = answers.map(({ id }) => ({ method: 'GET', path: `/v1/generations/${id}` }));
  const bare = await startBare(answers[0]);
  const bareRead = await measure(bare, [{ method: 'GET', path: '/' }], { count, status: 200 });
  const bareSubmit = await measure(bare, [{ ...submit, path: '/' }], { count, status: 200 });
  await stopMeasured(bare);
  report('bare Fastify, GET', bareRead);
  report('bare Fastify, POST', bareSubmit);
  report(`${api.name}: reads of waiting jobs`, await measure(api, reads, { count: requests, status: 200 }), bareRead);
  await Promise.all(
    reads.map(async ({ path }) => await fetch(new URL(`${path}/cancel`, api.address), { method: 'POST' })),
  );
  report(`${api.name}: reads of final jobs`, await measure(api, reads, { count: requests, status: 200 }), bareRead);
  report(`${api.name}: submissions`, await measure(api, [submit], { count: requests, status: 202 }), bareSubmit);
}

try {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  cleanUp.push(
    async () => await postgres.stop(),
    async () => await redis.stop(),
  );
  const api = await startApi('PostgreSQL + Redis', ['api'], {
    ARMATURE_POSTGRES_URL: postgres.url,
    ARMATURE_REDIS_URL: redis.url,
  });
  await measureApi(api, count);
  await stopMeasured(api);
  const embedded = await startApi('embedded', ['serve', '--provider', 'cpu'], {});
  await measureApi(embedded, Math.ceil(count / 20));
  console.log('Goals: at most 3 x bare; on an idle machine 5,000 reads/s and 1,000 submissions/s.');
} finally {
  for (const step of cleanUp.toReversed()) await step().catch((error: unknown) => console.error(error));
}
