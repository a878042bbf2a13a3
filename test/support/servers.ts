import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A real server that a test started. */
export interface TestServer {
  readonly url: string;
  /** SIGKILL; resolves when the process has ended. Its data stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const redisBinary = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'].find(
  (path) => existsSync(path),
);

const postgresFolder = findPostgres();

/** What a suite adds to its name where the binary is missing, or null. */
export const redisMissing = redisBinary === undefined ? 'skipped: no redis-server is installed' : null;
export const postgresMissing = postgresFolder === null ? 'skipped: no PostgreSQL is installed' : null;

function findPostgres(): string | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).toSorted((a, b) => Number(b) - Number(a)) : [];
  return (
    versions.map((version) => join(root, version, 'bin')).find((folder) => existsSync(join(folder, 'initdb'))) ?? null
  );
}

/** Redis with AOF and noeviction, as in production. */
export async function startRedis(): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'armature-redis-'));
  const port = await freePort();
  const options = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction', '--save', ''];
  return startServer(folder, port, `redis://127.0.0.1:${port}`, () =>
    spawn(redisBinary!, ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...options], {
      stdio: 'ignore',
    }),
  );
}

/** PostgreSQL as the user postgres, because it refuses to run as root. */
export async function startPostgres(): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'armature-postgres-'));
  const port = await freePort();
  const asRoot = process.getuid?.() === 0;
  if (asRoot) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, 'postgres']).stdout.toString()));
    chownSync(folder, uid!, gid!);
  }
  const own = (command: string, parameters: readonly string[]): [string, string[]] => {
    const path = join(postgresFolder!, command);
    return asRoot
      ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', path, ...parameters]]
      : [path, [...parameters]];
  };
  const data = join(folder, 'data');
  const made = spawnSync(...own('initdb', ['-D', data, '-U', 'armature', '-A', 'trust', '-N', '-E', 'UTF8']), {
    cwd: folder,
  });
  if (made.status !== 0) {
    throw new Error(`initdb failed: ${made.stderr.toString()}`);
  }
  const options = [
    '-D',
    data,
    '-p',
    String(port),
    '-h',
    '127.0.0.1',
    '-k',
    folder,
    '-c',
    'fsync=off',
    '-c',
    'max_connections=60',
  ];
  return startServer(folder, port, `postgres://armature@127.0.0.1:${port}/postgres`, () =>
    spawn(...own('postgres', options), { stdio: 'ignore', cwd: folder }),
  );
}

async function startServer(folder: string, port: number, url: string, start: () => ChildProcess): Promise<TestServer> {
  let child = start();
  await answers(port, child);
  const end = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await ended;
    }
  };
  return {
    url,
    kill: end,
    async restart() {
      child = start();
      await answers(port, child);
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Resolves when the server takes connections. */
async function answers(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (child.exitCode !== null) {
      throw new Error(`The server ended with status ${child.exitCode}.`);
    }
    if (await accepts(port)) {
      return;
    }
    await pause(25);
  }
  throw new Error(`The server on port ${port} did not answer within ten seconds.`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return (address as { port: number }).port;
}
