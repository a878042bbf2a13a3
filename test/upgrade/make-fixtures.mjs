// Makes what test/upgrade opens: a data folder and a PostgreSQL dump as an old release left them when it was killed, what it
// answered before, and what it drew when it was started again. Only that release can make them: run it with a checkout of
// commit ce69d3a (`npm ci && npm run build` in it), once for each kind of database. The rest is in README.md beside this.
//
//   node test/upgrade/make-fixtures.mjs CHECKOUT
//   node test/upgrade/make-fixtures.mjs CHECKOUT postgres://user@host/empty-database    (pg_dump in the PATH)
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { layOutModels, serveFlags } from './model.mjs';

const [checkout, postgresUrl] = process.argv.slice(2);
const root = fileURLToPath(new URL('../..', import.meta.url));
const kind = postgresUrl === undefined ? 'embedded' : 'postgres';
const fixtures = join(root, 'test', 'upgrade', 'fixtures');
const [out, pictures] = [join(fixtures, kind), join(fixtures, 'pictures')];
const work = await mkdtemp(join(tmpdir(), 'armature-fixtures-'));
const [data, models] = [join(work, 'data'), join(work, 'models')];
const cli = join(resolve(checkout), 'dist', 'cli.js');
const sharp = createRequire(join(resolve(checkout), 'package.json'))('sharp');
const database = postgresUrl === undefined ? [] : ['--postgres-url', postgresUrl];

/** A moment for which nothing listens: what is told to receivers stays in the outbox. */
const deafPort = await freePort();
const receiver = `http://127.0.0.1:${deafPort}/told`;

/** Jobs that are drawn at once, and one that takes long enough to be killed between two of its checkpoints. */
const small = { prompt: 'a dog', width: 64, height: 64, steps: 3, guidance_scale: 2, seed: 31, scheduler: 'ddim' };
const long = { width: 256, height: 256, steps: 40, guidance_scale: 2, scheduler: 'dpmpp_2m_sde_karras' };

/** Whose key made what, by its id. */
const owners = new Map();
const keys = makeKeys();
await layOutModels(models);
let server = await start();
const uploads = await upload();
const ended = await drawSome();
const open = await leaveSomeOpen();
const before = await look(ended, open);
await kill();
await keep();
server = await start();
const later = await finish(open);
await kill();
await writeFile(
  join(out, 'left.json'),
  `${JSON.stringify({ receiver, keys, uploads, ended, open, before, later }, null, 2)}\n`,
);
await rm(work, { recursive: true, force: true });

function makeKeys() {
  const create = (name, tenant, scopes, ...more) => {
    const flags = scopes.flatMap((scope) => ['--scope', scope]);
    const args = ['keys', 'create', '--name', name, '--tenant', tenant, ...flags, ...more, '--json'];
    return JSON.parse(
      execFileSync(process.execPath, [cli, ...args, '--data', data, ...database], { encoding: 'utf8' }),
    );
  };
  return {
    operator: create('operator', 'default', ['admin', 'generate', 'read']),
    studio: create('studio', 'studio', ['generate', 'read'], '--quota', '1e12/month'),
    workshop: create('workshop', 'workshop', ['generate', 'read']),
    former: create('former', 'studio', ['generate', 'read']),
  };
}

async function start() {
  const port = await freePort();
  const flags = ['--port', String(port), '--data', data, '--models', models, '--log-level', 'warn', ...database];
  const allowed = ['--allow-fetch', `127.0.0.1:${deafPort}`];
  const slow = ['--threads', '1', '--checkpoint-every', '1', '--tenant-window', '1'];
  const child = spawn(process.execPath, [cli, 'serve', ...flags, ...serveFlags, ...allowed, ...slow], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const address = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error('The old server ended before it was ready.');
    const answered = await fetch(`${address}/readyz`).catch(() => null);
    if (answered?.ok === true) return { child, address };
    await pause(100);
  }
}

async function kill() {
  const ended = once(server.child, 'exit');
  server.child.kill('SIGKILL');
  await ended;
  // Its children notice, and the database must not change while it is copied.
  await pause(3000);
}

async function upload() {
  const photo = await readFile(join(root, 'examples', 'photo.jpg'));
  const half = Buffer.alloc(64 * 64).fill(255, 0, 32 * 64);
  const mask = await sharp(half, { raw: { width: 64, height: 64, channels: 1 } })
    .png()
    .toBuffer();
  const send = async (body, type) => await answer('studio', '/v1/uploads', { method: 'POST', body, type });
  return { photo: await send(photo, 'image/jpeg'), mask: await send(mask, 'image/png') };
}

/** Jobs of every kind and end. */
async function drawSome() {
  const [photo, mask] = [uploads.photo.id, uploads.mask.id].map((id) => ({ upload_id: id }));
  const canny = { type: 'canny', image: photo, mask, preprocess: { low_threshold: 80 }, scale: 0.9, end: 0.8 };
  const depth = { type: 'depth', image: photo, preprocess: false, mode: 'prompt', resize: 'fill', start: 0.25 };
  const drawn = await post('studio', '/v1/generations', {
    prompt: 'a red cube',
    negative_prompt: 'blue',
    width: 64,
    height: 64,
    steps: 4,
    guidance_scale: 3,
    seed: 11,
    scheduler: 'euler_a',
    count: 2,
    best_of: 2,
    evaluate: true,
    controls: [canny, depth],
    clip_skip: 1,
    output: { format: 'webp', quality: 80 },
    metadata: { order: 1234 },
    priority: 7,
    webhook: { url: receiver },
  });
  const mapped = await post('studio', '/v1/conditions/canny', { image: photo, resolution: 96, options: {} });
  for (const job of [drawn, mapped]) await untilEnded(job);
  const earlier = { type: 'canny', image: { generation: mapped.id, output: 0 } };
  const again = await post('studio', '/v1/generations', { ...small, controls: [earlier], evaluate: true });
  const blank = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  const nothing = { type: 'canny', image: { data: blank.toString('base64') } };
  const failed = await post('studio', '/v1/generations', { ...small, controls: [nothing], strict: true });
  for (const job of [again, failed]) await untilEnded(job);
  return { drawn: drawn.id, mapped: mapped.id, again: again.id, failed: failed.id };
}

/** A batch with ended, running and waiting items; a job that runs and has a checkpoint; jobs that wait. */
async function leaveSomeOpen() {
  const batch = await post('studio', '/v1/batches', {
    name: 'evening',
    metadata: { wall: 'north' },
    webhook: { url: receiver },
    template: { prompt: 'a green ball', width: 192, height: 192, guidance_scale: 2, seed: 5 },
    matrix: { steps: [3, long.steps], scheduler: ['ddim', 'dpmpp_2m_karras'] },
  });
  await until(batch, '/v1/batches', ({ counts }) => counts.succeeded === 2);
  const checkpointed = await post('workshop', '/v1/generations', { ...long, prompt: 'a house', seed: 21 });
  const canny = { type: 'canny', image: { upload_id: uploads.photo.id }, mask: { upload_id: uploads.mask.id } };
  const headers = { 'idempotency-key': 'once' };
  const waiting = await post('studio', '/v1/generations', { ...small, count: 2, controls: [canny] }, headers);
  const extraction = { image: { upload_id: uploads.photo.id }, resolution: 64 };
  const waitingMap = await post('studio', '/v1/conditions/scribble', extraction);
  const cancelled = await post('workshop', '/v1/generations', small);
  await post('workshop', `/v1/generations/${cancelled.id}/cancel`);
  await ask('operator', `/v1/keys/${keys.former.id}/revoke`, { method: 'POST' });
  const keyOf = { checkpointed: checkpointed.id, waiting: waiting.id, waitingMap: waitingMap.id };
  const open = { ...keyOf, batch: batch.id, cancelled: cancelled.id };
  await until(checkpointed, '/v1/generations', ({ status, checkpoint_step }) => {
    if (status !== 'queued' && status !== 'running') throw new Error('It ended before it was killed: make it longer.');
    return checkpoint_step > 4;
  });
  return open;
}

/** What the old server says of everything that it left, just before it is killed. */
async function look(ended, { cancelled, checkpointed, waiting, batch }) {
  const [jobs, events] = [{}, {}];
  for (const [name, id] of Object.entries({ ...ended, cancelled })) {
    jobs[name] = await answer(ownerOf(id), `/v1/generations/${id}`);
    events[name] = await (await ask(ownerOf(id), `/v1/generations/${id}/events`)).text();
  }
  return {
    jobs,
    events,
    uploads: await answer('studio', `/v1/uploads/${uploads.photo.id}`),
    checkpointed: await answer('workshop', `/v1/generations/${checkpointed}`),
    waiting: await answer('studio', `/v1/generations/${waiting}`),
    batch: await answer('studio', `/v1/batches/${batch}`),
    keys: await answer('operator', '/v1/keys'),
    deliveries: await answer('studio', '/v1/webhook-deliveries'),
  };
}

/** What the old release makes of it when it is started again: jobs, and their pictures in files. */
async function finish({ waiting, waitingMap, checkpointed, batch }) {
  await mkdir(pictures, { recursive: true });
  const jobs = {};
  for (const [name, id] of Object.entries({ waiting, waitingMap, checkpointed })) {
    jobs[name] = await untilEnded({ id });
    await keepPictures(name, jobs[name]);
  }
  const ended = await until({ id: batch }, '/v1/batches', ({ status }) => status !== 'queued' && status !== 'running');
  const items = (await answer('studio', `/v1/batches/${batch}/items`)).data;
  for (const item of items) await keepPictures(`item-${item.batch.index}`, item);
  return { jobs, batch: ended, items };
}

async function keepPictures(name, job) {
  if (job.status !== 'succeeded') throw new Error(`${name}: ${JSON.stringify(job.error)}`);
  for (const [index, { url }] of job.outputs.entries()) {
    const response = await ask(ownerOf(job.id), new URL(url).pathname);
    await writeFile(join(pictures, `${name}-${index}.png`), Buffer.from(await response.arrayBuffer()));
  }
}

/** The data folder as it lies; of PostgreSQL also a dump that a later PostgreSQL, and any client of it, can read. */
async function keep() {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const copy = join(work, 'copy');
  await cp(data, copy, { recursive: true });
  // Of where it was made nothing is told: only that the lock is another host's, who has not been seen for long.
  const lock = join(copy, 'lock');
  const owner = await readFile(lock, 'utf8').then(JSON.parse, () => null);
  if (owner !== null) await writeFile(lock, JSON.stringify({ ...owner, host: 'elsewhere' }));
  if (owner !== null) await utimes(lock, new Date(0), new Date(0));
  const plain = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
  const tar = execFileSync('tar', ['-c', ...plain, '-C', copy, '.'], { maxBuffer: 2 ** 30 });
  await writeFile(join(out, 'data.tar.br'), compressed(tar));
  if (postgresUrl === undefined) return;
  const dump = ['--no-owner', '--no-privileges', '--inserts', '--encoding=UTF8', postgresUrl];
  const sql = execFileSync('pg_dump', dump, { maxBuffer: 2 ** 30, encoding: 'utf8' });
  // Commands of psql and settings that not every release knows.
  const lines = sql.split('\n').filter((line) => !/^(\\|SET (transaction_timeout|idle_in_transaction))/.test(line));
  await writeFile(join(out, 'dump.sql.br'), compressed(Buffer.from(lines.join('\n'))));
}

function compressed(bytes) {
  const { BROTLI_PARAM_QUALITY: quality, BROTLI_PARAM_LGWIN: window } = constants;
  return brotliCompressSync(bytes, { params: { [quality]: 9, [window]: 24 } });
}

async function untilEnded(job) {
  return await until(job, '/v1/generations', ({ status }) => status !== 'queued' && status !== 'running');
}

async function until({ id }, route, met) {
  for (;;) {
    const found = await answer(ownerOf(id), `${route}/${id}`);
    if (met(found)) return found;
    await pause(20);
  }
}

function ownerOf(id) {
  return owners.get(id) ?? 'studio';
}

async function post(key, path, body, headers = {}) {
  const made = await answer(key, path, { method: 'POST', body: JSON.stringify(body), headers });
  owners.set(made.id, key);
  return made;
}

async function answer(key, path, options) {
  return await (await ask(key, path, options)).json();
}

async function ask(key, path, { method = 'GET', body, type = 'application/json', headers = {} } = {}) {
  const content = body === undefined ? {} : { 'content-type': type };
  const authorization = `Bearer ${keys[key].key}`;
  const all = { authorization, ...content, ...headers };
  const response = await fetch(new URL(path, server.address), { method, body, headers: all });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

async function freePort() {
  const listening = createServer().listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address();
  listening.close();
  return port;
}
