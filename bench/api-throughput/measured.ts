import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LoadRequest, LoadResult } from './protocol.ts';

const run = promisify(execFile);
const loadEntry = fileURLToPath(new URL('load.js', import.meta.url));

/** Requests on this many connections at once. */
const connections = 32;

/** A server that is measured from outside. */
export interface Measured {
  readonly name: string;
  readonly address: string;
  readonly child: ChildProcess;
}

export interface Measurement {
  /** Processor time of the server for 1,000 requests, in seconds. */
  readonly cpu: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p99: number;
}

/** Starts a process and resolves when `path` answers 200. */
export async function startMeasured(
  name: string,
  address: string,
  path: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Measured> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  });
  while (child.exitCode === null) {
    const ready = await fetch(new URL(path, address)).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return { name, address, child };
    await delay(50);
  }
  throw new Error(`${name} ended before it answered.`);
}

export async function stopMeasured({ child }: Measured): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/**
 * Sends `count` requests from another process, after half as many to warm up: compiling the code that they run takes longer
 * than the first thousands of them. Every answer has to have `status`.
 */
export async function measure(
  server: Measured,
  requests: readonly LoadRequest[],
  { count, status }: { readonly count: number; readonly status: number },
): Promise<Measurement> {
  await load(server, requests, Math.ceil(count / 2), status);
  const before = processorSeconds(server.child.pid!);
  const { seconds, p99 } = await load(server, requests, count, status);
  const used = processorSeconds(server.child.pid!) - before;
  return { cpu: (1000 * used) / count, perSecond: count / seconds, p99 };
}

async function load(
  { name, address }: Measured,
  requests: readonly LoadRequest[],
  count: number,
  status: number,
): Promise<LoadResult> {
  const { stdout } = await run(
    process.execPath,
    [loadEntry, JSON.stringify({ address, connections, count, requests })],
    {
      maxBuffer: 2 ** 24,
    },
  );
  const result = JSON.parse(stdout) as LoadResult;
  if (result.statuses[status] !== count) {
    throw new Error(
      `${name}: expected ${count} answers with ${status} but received ${JSON.stringify(result.statuses)}.`,
    );
  }
  return result;
}

/** Processor time that a process has used, with all its threads; Linux counts hundredths. */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}
