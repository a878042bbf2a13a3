import { freePort } from './free-port.ts';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { installed, missing } from './missing.ts';

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

/** A server that speaks S3 and keeps objects as files; `.ci/run` says where it comes from. */
const s3Binary = (process.env['PATH'] ?? '')
  .split(delimiter)
  .concat('/usr/local/bin', join(homedir(), 'go/bin'))
  .map((folder) => join(folder, 'versitygw'))
  .find((path) => existsSync(path));

/** What a suite adds to its name where the binary is missing, or null. */
export const redisMissing = missing('redis-server', redisBinary);
export const s3Missing = missing('versitygw', s3Binary);
export const postgresMissing = missing('PostgreSQL', postgresFolder);

function findPostgres(): string | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).toSorted((a, b) => Number(b) - Number(a)) : [];
  return (
    versions.map((version) => join(root, version, 'bin')).find((folder) => existsSync(join(folder, 'initdb'))) ?? null
  );
}

/** Redis with AOF and noeviction, as in production. */
export async function startRedis(): Promise<TestServer> {
  const binary = installed('redis-server', redisBinary);
  const folder = mkdtempSync(join(tmpdir(), 'armature-redis-'));
  const port = await freePort();
  const options = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction', '--save', ''];
  return startServer({
    folder,
    url: `redis://127.0.0.1:${port}`,
    start: () =>
      spawn(binary, ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...options], {
        stdio: 'ignore',
      }),
    isReady: () => answersPing(port),
  });
}

/** PostgreSQL as the user postgres, because it refuses to run as root. */
export async function startPostgres(): Promise<TestServer> {
  const binaries = installed('PostgreSQL', postgresFolder);
  const folder = mkdtempSync(join(tmpdir(), 'armature-postgres-'));
  const port = await freePort();
  const asRoot = process.getuid?.() === 0;
  if (asRoot) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, 'postgres']).stdout.toString()));
    chownSync(folder, uid!, gid!);
  }
  const own = (command: string, parameters: readonly string[]): [string, string[]] => {
    const path = join(binaries, command);
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
  return startServer({
    folder,
    url: `postgres://armature@127.0.0.1:${port}/postgres`,
    start: () => spawn(...own('postgres', options), { stdio: 'ignore', cwd: folder }),
    isReady: async () => spawnSync(join(binaries, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)]).status === 0,
  });
}

/** What a client of the test's S3 server finds in its environment. */
export const s3Credentials = { AWS_ACCESS_KEY_ID: 'armature', AWS_SECRET_ACCESS_KEY: 'only-for-tests' } as const;

export interface S3Server extends TestServer {
  /** The bucket, made before it starts. */
  readonly bucket: string;
  /** Stops its process where it is, and lets it go on: a server that takes connections and does not answer. */
  pause(): void;
  resume(): void;
}

/** An S3 server over `folder`, by default a temporary one that goes with it. */
export async function startS3(folder = mkdtempSync(join(tmpdir(), 'armature-s3-'))): Promise<S3Server> {
  const binary = installed('versitygw', s3Binary);
  const port = await freePort();
  const bucket = 'pictures';
  const [objects, metadata] = [join(folder, 'objects'), join(folder, 'metadata')];
  mkdirSync(join(objects, bucket), { recursive: true });
  mkdirSync(metadata, { recursive: true });
  const { AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret } = s3Credentials;
  const options = ['--port', `127.0.0.1:${port}`, '--access', access, '--secret', secret, '--keep-alive', '--quiet'];
  let child: ChildProcess;
  const server = await startServer({
    folder,
    url: `http://127.0.0.1:${port}`,
    start: () => {
      child = spawn(binary, [...options, 'posix', '--sidecar', metadata, objects], { stdio: 'ignore' });
      return child;
    },
    isReady: () => takesConnections(port),
  });
  return { ...server, bucket, pause: () => void child.kill('SIGSTOP'), resume: () => void child.kill('SIGCONT') };
}

interface Startable {
  readonly folder: string;
  readonly url: string;
  start(): ChildProcess;
  isReady(): Promise<boolean>;
}

async function startServer(server: Startable): Promise<TestServer> {
  let child = await untilReady(server);
  // A test process that ends early takes its server with it.
  const killNow = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killNow);
  const kill = async (): Promise<void> => {
    if (hasEnded(child)) {
      return;
    }
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const served = childrenOf(child);
    child.kill('SIGKILL');
    await ended;
    // The processes that PostgreSQL has for its connections would go on answering until they notice.
    for (const pid of served) killProcess(pid);
  };
  return {
    url: server.url,
    kill,
    async restart() {
      child = await untilReady(server);
    },
    async stop() {
      await kill();
      process.off('exit', killNow);
      rmSync(server.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Process ids of a running process's children, on Linux. */
function childrenOf({ pid }: ChildProcess): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has noticed and ended by itself.
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Starts a server and waits until it serves; one that refuses because its killed predecessor's children still end is started again. */
async function untilReady(server: Startable): Promise<ChildProcess> {
  let child = server.start();
  const deadline = Date.now() + 40_000;
  while (Date.now() < deadline) {
    if (hasEnded(child)) {
      child = server.start();
    } else if (await server.isReady()) {
      return child;
    }
    await pause(25);
  }
  child.kill('SIGKILL');
  throw new Error(`The server at ${server.url} did not answer in time.`);
}

/** Whether a Redis answers PING: it takes connections before it has read its file. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
