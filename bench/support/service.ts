import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Root of the repository, from where benches are compiled to. */
export const root = new URL('../../../../', import.meta.url);

export interface FinishedJob {
  readonly id: string;
  readonly status: string;
  readonly error?: { readonly detail: string } | null;
  readonly outputs: readonly { readonly url: string; readonly seed: number }[];
  readonly mean_batch: number | null;
}

/** A real service, `armature serve` in a process of its own, on a free port and a data folder that goes with it. */
export class Service {
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #data: string;

  private constructor(address: string, child: ChildProcess, data: string) {
    this.address = address;
    this.#child = child;
    this.#data = data;
  }

  static async start(flags: readonly string[] = []): Promise<Service> {
    const data = await mkdtemp(join(tmpdir(), 'armature-bench-'));
    const port = await freePort();
    const cli = new URL('dist/cli.js', root);
    const args = [cli.pathname, 'serve', '--port', String(port), '--data', data, '--log-level', 'warn', ...flags];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const service = new Service(`http://127.0.0.1:${port}`, child, data);
    await service.#untilReady();
    return service;
  }

  /** Submits a generation and resolves when it has ended well; a refused or failed one is an error. */
  async draw(request: Readonly<Record<string, unknown>>): Promise<FinishedJob> {
    const response = await fetch(`${this.address}/v1/generations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=60' },
      body: JSON.stringify(request),
    });
    let job = (await response.json()) as FinishedJob & { readonly detail?: string };
    if (!response.ok) throw new Error(`refused: ${job.detail ?? response.status}`);
    while (job.status === 'queued' || job.status === 'running') {
      await delay(50);
      job = (await (await fetch(`${this.address}/v1/generations/${job.id}`)).json()) as FinishedJob;
    }
    if (job.status !== 'succeeded') throw new Error(`${job.status}: ${job.error?.detail ?? 'no reason given'}`);
    return job;
  }

  async picture(job: FinishedJob, index = 0): Promise<Uint8Array> {
    const url = job.outputs[index]?.url;
    if (url === undefined) throw new Error(`Job ${job.id} has no output ${index}`);
    return new Uint8Array(await (await fetch(new URL(url, this.address))).arrayBuffer());
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
    await rm(this.#data, { recursive: true, force: true });
  }

  async #untilReady(): Promise<void> {
    while (this.#child.exitCode === null) {
      const ready = await fetch(`${this.address}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return;
      await delay(100);
    }
    throw new Error('The service ended before it was ready: see above.');
  }
}

/** A picture as a request carries it. */
export function inlinePicture(bytes: Uint8Array): { readonly data: string } {
  return { data: Buffer.from(bytes).toString('base64') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('No port is free');
  return address.port;
}
