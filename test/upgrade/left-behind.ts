import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, utimes } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import pg from 'pg';
import { openEmbedded } from '../../src/records/database/embedded.ts';
import { startPostgres } from '../support/servers.ts';
import { Service } from '../support/service.ts';
import { layOutModels, serveFlags } from './model.mjs';

export type DatabaseKind = 'embedded' | 'postgres';
type Json = Readonly<Record<string, unknown>>;

export interface OldJob extends Json {
  readonly id: string;
  readonly status: string;
  readonly outputs: readonly { readonly url: string; readonly sha256: string }[];
  readonly maps: readonly { readonly url: string; readonly sha256: string }[];
  readonly webhook: object | null;
}

/** What make-fixtures.mjs noted of an old release's folder: ids, keys, and what that release answered. */
export interface Left {
  readonly keys: Readonly<Record<KeyName, { readonly key: string }>>;
  readonly uploads: Readonly<Record<'photo' | 'mask', { readonly id: string }>>;
  readonly open: Readonly<Record<'checkpointed' | 'waiting' | 'waitingMap' | 'batch' | 'cancelled', string>>;
  /** Of everything that had ended, and of what had not, before the server was killed. */
  readonly before: {
    readonly jobs: Readonly<Record<string, OldJob>>;
    readonly events: Readonly<Record<string, string>>;
    readonly uploads: Json;
    readonly checkpointed: Json;
    readonly waiting: Json;
    readonly batch: Json;
    readonly keys: { readonly data: readonly Json[] };
    readonly deliveries: { readonly data: readonly { readonly id: string }[] };
  };
  /** What that release made of it when it was started again. */
  readonly later: {
    readonly jobs: Readonly<Record<string, OldJob>>;
    readonly batch: Json;
    readonly items: readonly (OldJob & { readonly batch: { readonly index: number } })[];
  };
}

export type KeyName = 'operator' | 'studio' | 'workshop' | 'former';

/** An event that a receiver was sent. */
export interface ToldEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Json;
}

/** A request whose headers are a plain object. */
type Asked = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

/** The present release on a copy of what the old one left. */
export interface Upgraded {
  readonly left: Left;
  readonly service: Service;
  readonly told: readonly ToldEvent[];
  fetch(key: KeyName, path: string, init?: Asked): Promise<Response>;
  read<T = OldJob>(key: KeyName, path: string): Promise<T>;
  stop(): Promise<void>;
}

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));

/** A file of a fixture, such as a picture that the old release drew. */
export async function fixture(...names: readonly string[]): Promise<Uint8Array> {
  return await readFile(join(fixtures, ...names));
}

/** Copies what the old release left, and starts the present one on it. */
export async function upgrade(kind: DatabaseKind): Promise<Upgraded> {
  const folder = await mkdtemp(join(tmpdir(), 'armature-upgrade-'));
  const [data, models] = [join(folder, 'data'), join(folder, 'models')];
  await Promise.all([unpack(kind, data), layOutModels(models)]);
  const told: ToldEvent[] = [];
  const receiver = await listen(told);
  const database = kind === 'postgres' ? await restore(receiver.host) : await redirect(data, receiver.host);
  const flags = ['--models', models, '--allow-fetch', receiver.host, ...database.flags, ...serveFlags];
  const service = await Service.start({ data, flags });
  const left = JSON.parse(Buffer.from(await fixture(kind, 'left.json')).toString()) as Left;
  const ask: Upgraded['fetch'] = async (key, path, init = {}) =>
    await service.fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${left.keys[key].key}` } });
  return {
    left,
    service,
    told,
    fetch: ask,
    read: async <T>(key: KeyName, path: string) => (await (await ask(key, path)).json()) as T,
    async stop() {
      await service.stop();
      await Promise.all([receiver.close(), database.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function unpack(kind: DatabaseKind, folder: string): Promise<void> {
  await mkdir(folder);
  const input = brotliDecompressSync(await fixture(kind, 'data.tar.br'));
  const { status, stderr } = spawnSync('tar', ['-x', '-C', folder], { input });
  if (status !== 0) throw new Error(`tar: ${stderr.toString()}`);
  // The sign of life of an owner that ended long ago: not every tar keeps it.
  if (kind === 'embedded') await utimes(join(folder, 'lock'), new Date(0), new Date(0));
}

/** Where receivers listened then nobody listens now: what is to be told to them goes here, and at once. */
function redirection(host: string): string {
  const url = `http://${host}/told`;
  return `
    update armature.webhook_delivery set url = '${url}', host = '${host}', due_at = now();
    update armature.batch_webhook set url = '${url}', host = '${host}';`;
}

interface OpenDatabase {
  readonly flags: readonly string[];
  stop(): Promise<void>;
}

async function redirect(data: string, host: string): Promise<OpenDatabase> {
  const database = await openEmbedded(join(data, 'database'));
  for (const statement of redirection(host).split(';')) await database.pool.query(statement);
  await database.close();
  return { flags: [], stop: async () => {} };
}

async function restore(host: string): Promise<OpenDatabase> {
  const server = await startPostgres();
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(brotliDecompressSync(await fixture('postgres', 'dump.sql.br')).toString());
  await client.query(redirection(host));
  await client.end();
  return { flags: ['--postgres-url', server.url], stop: async () => await server.stop() };
}

async function listen(told: ToldEvent[]): Promise<{ readonly host: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { type, data } = JSON.parse(Buffer.concat(chunks).toString()) as Omit<ToldEvent, 'id'>;
      told.push({ id: String(request.headers['webhook-id']), type, data });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
