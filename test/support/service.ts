import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/config/package-files.ts';
import { usedDataFolder } from './database-template.ts';

/** Root of the repository. */
export const root = pathToFileURL(`${packageRoot}/`);

export interface JobView {
  readonly id: string;
  readonly status: string;
  readonly progress: { readonly step: number; readonly steps: number } | null;
  readonly attempt: number;
  readonly strikes: number;
  readonly last_fault: { readonly code: string; readonly detail: string } | null;
  readonly checkpoint_step: number | null;
  readonly dead: boolean;
  readonly warnings: readonly string[];
  readonly error: { readonly code: string; readonly detail: string } | null;
  readonly outputs: readonly { readonly url: string; readonly seed: number; readonly sha256: string }[];
  readonly maps: readonly { readonly url: string }[];
  readonly mean_batch: number | null;
}

export interface ServiceOptions {
  readonly flags?: readonly string[];
  /** A data folder to go on with; without it a new one that goes with the service. */
  readonly data?: string;
  readonly port?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** A program that is given the command and becomes it. */
  readonly launcher?: readonly string[];
  /** A program that takes the command instead of `armature`. */
  readonly entry?: string;
}

/** A real service, `armature serve` in a process of its own, on a free port. */
export class Service {
  readonly address: string;
  readonly data: string;
  readonly #child: ChildProcess;
  readonly #ownsData: boolean;

  private constructor(address: string, child: ChildProcess, data: string, ownsData: boolean) {
    this.address = address;
    this.data = data;
    this.#child = child;
    this.#ownsData = ownsData;
  }

  static async start({
    flags = [],
    data,
    port,
    environment = {},
    launcher = [],
    entry = fileURLToPath(new URL('dist/cli.js', root)),
  }: ServiceOptions = {}): Promise<Service> {
    const folder = data ?? (await usedDataFolder());
    // The server takes a free port itself: one that was found to be free may be another's by the time it is used.
    const args = ['serve', '--port', String(port ?? 0), '--data', folder, '--log-level', 'fatal', ...flags];
    // As in the tests' own process: a database that lives for seconds is not worth being compiled a second time, optimized.
    const command = [...launcher, process.execPath, '--liftoff-only', entry, ...args];
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...environment },
    });
    const address = port === undefined ? await announcedAddress(folder, child) : `http://127.0.0.1:${port}`;
    const service = new Service(address, child, folder, data === undefined);
    await service.#untilReady();
    return service;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('The service was not started');
    return this.#child.pid;
  }

  async fetch(path: string, init?: RequestInit): Promise<Response> {
    return await fetch(new URL(path, this.address), init);
  }

  /** Submits a generation and resolves when it has ended well; a refused or failed one is an error. */
  async draw(request: Readonly<Record<string, unknown>>): Promise<JobView> {
    // The server tells when it is done: a client that asks all the time would take the processor from what it waits for.
    const job = await this.finished(await this.submit(request, { prefer: 'wait=60' }));
    if (job.status !== 'succeeded') throw new Error(`${job.status}: ${job.error?.detail ?? 'no reason given'}`);
    return job;
  }

  /** Submits a generation and gives the accepted job back; a refused one is an error. */
  async submit(
    request: Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<JobView> {
    const response = await this.fetch('/v1/generations', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(request),
    });
    const job = (await response.json()) as JobView & { readonly detail?: string };
    if (!response.ok) throw new Error(`refused: ${job.detail ?? response.status}`);
    return job;
  }

  async job(id: string): Promise<JobView> {
    return (await (await this.fetch(`/v1/generations/${id}`)).json()) as JobView;
  }

  /** The job as soon as `met` says so; an error after `limitMs`. */
  async until(id: string, met: (job: JobView) => boolean, limitMs = 50_000): Promise<JobView> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const job = await this.job(id);
      if (met(job)) return job;
      if (performance.now() > deadline) throw new Error(`Job ${id} is still ${job.status} after ${limitMs} ms`);
      await delay(20);
    }
  }

  async finished(job: JobView): Promise<JobView> {
    return await this.until(job.id, ({ status }) => status !== 'queued' && status !== 'running');
  }

  async picture(job: JobView, index = 0): Promise<Uint8Array> {
    const url = job.outputs[index]?.url;
    if (url === undefined) throw new Error(`Job ${job.id} has no output ${index}`);
    return new Uint8Array(await (await this.fetch(url)).arrayBuffer());
  }

  /** Ends the service; SIGKILL leaves everything as it lies, its data folder too. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill(signal);
      await ended;
    }
    if (this.#ownsData && signal === 'SIGTERM') await rm(this.data, { recursive: true, force: true });
  }

  async #untilReady(): Promise<void> {
    while (isRunning(this.#child)) {
      const ready = await this.fetch('/readyz').then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return;
      await delay(100);
    }
    throw endedEarly();
  }
}

/** Where a service says that it listens. What an earlier one that was killed has left there is another's. */
async function announcedAddress(folder: string, child: ChildProcess): Promise<string> {
  while (isRunning(child)) {
    const text = await readFile(join(folder, 'server.json'), 'utf8').catch(() => '{}');
    const { pid, address } = JSON.parse(text) as { readonly pid?: number; readonly address?: string };
    if (pid === child.pid && address !== undefined) return address;
    await delay(50);
  }
  throw endedEarly();
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function endedEarly(): Error {
  return new Error('The service ended before it was ready: see above.');
}

/** A picture as a request carries it. */
export function inlinePicture(bytes: Uint8Array): { readonly data: string } {
  return { data: Buffer.from(bytes).toString('base64') };
}
