import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { postgresMissing, redisMissing, startPostgres, startRedis, type TestServer } from '../../support/servers.ts';
import { freePort } from '../../support/free-port.ts';
import type { JobView } from '../../support/service.ts';
import { ServiceProcess } from './process.ts';

export interface ClusterOptions {
  readonly workers: number;
  /** Flags of the api and of each worker. */
  readonly apiFlags?: readonly string[];
  readonly workerFlags?: readonly string[];
  /** A data folder to use; without it a new one that goes with the cluster. */
  readonly data?: string;
}

/** An answer, and how long it took in milliseconds. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter: string | null;
  readonly ms: number;
}

/** A small drawing, a second or less where the machine has nothing else to do. */
export const smallJob = { prompt: 'a red ball', width: 64, height: 64, steps: 12 } as const;

const final = new Set(['succeeded', 'failed', 'cancelled']);

/** A deployment as in production: PostgreSQL, Redis, one api, some workers, each a process of its own. */
export class Cluster {
  readonly postgres: TestServer;
  readonly redis: TestServer;
  readonly address: string;
  /** What the processes share: objects. */
  readonly data: string;
  /** Where the logs of the processes are. */
  readonly logs: string;
  readonly workers: ServiceProcess[] = [];
  #api: ServiceProcess | null = null;
  #started = 0;
  readonly #options: ClusterOptions;

  private constructor(
    servers: { readonly postgres: TestServer; readonly redis: TestServer },
    folders: { readonly data: string; readonly logs: string },
    port: number,
    options: ClusterOptions,
  ) {
    this.postgres = servers.postgres;
    this.redis = servers.redis;
    this.data = folders.data;
    this.logs = folders.logs;
    this.address = `http://127.0.0.1:${port}`;
    this.#options = options;
  }

  /** Resolves when the api is ready and all workers have a device. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const missing = postgresMissing ?? redisMissing;
    if (missing !== null) throw new Error(`This needs a real PostgreSQL and a real Redis; ${missing}.`);
    const [postgres, redis, logs, port] = await Promise.all([
      startPostgres(),
      startRedis(),
      mkdtemp(join(tmpdir(), 'armature-faults-')),
      freePort(),
    ]);
    const data = options.data ?? join(logs, 'data');
    const cluster = new Cluster({ postgres, redis }, { data, logs }, port, options);
    try {
      await cluster.startApi();
      await Promise.all(Array.from({ length: options.workers }, async () => await cluster.startWorker()));
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  get api(): ServiceProcess {
    if (this.#api === null) throw new Error('The api was not started.');
    return this.#api;
  }

  async startApi(): Promise<void> {
    const { port } = new URL(this.address);
    const { apiFlags = [] } = this.#options;
    this.#api = this.#spawn(['api', '--port', port, ...apiFlags]);
    await this.until(async () => (await this.call('GET', '/readyz')).status === 200, 'the api is ready', this.#api);
  }

  /** Starts one more worker; by default resolves when its device process is there. */
  async startWorker({ wait = true }: { readonly wait?: boolean } = {}): Promise<ServiceProcess> {
    const worker = this.#spawn(['worker', '--provider', 'cpu', ...(this.#options.workerFlags ?? [])]);
    this.workers.push(worker);
    if (wait) await this.until(async () => (await worker.device()) !== null, 'the worker has a device', worker);
    return worker;
  }

  /** One request; a connection that fails is status 0. */
  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const startedAt = performance.now();
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    try {
      const response = await fetch(new URL(path, this.address), { method, headers, ...json });
      const text = await response.text();
      const retryAfter = response.headers.get('retry-after');
      const isJson = /[+/]json/.test(response.headers.get('content-type') ?? '');
      const ms = performance.now() - startedAt;
      return { status: response.status, body: isJson ? JSON.parse(text) : text, retryAfter, ms };
    } catch {
      return { status: 0, body: null, retryAfter: null, ms: performance.now() - startedAt };
    }
  }

  /** Submits a generation, as a patient client does: what is not accepted for now is sent again. */
  async submit(request: Readonly<Record<string, unknown>>): Promise<JobView> {
    for (;;) {
      const answer = await this.call('POST', '/v1/generations', request);
      if (answer.status === 202) return answer.body as JobView;
      if (answer.status !== 0 && answer.status !== 503) {
        throw new Error(`refused with ${answer.status}: ${JSON.stringify(answer.body)}`);
      }
      await pause(200);
    }
  }

  /** Submits a batch of up to 100 items; returns the ids of its jobs. */
  async submitBatch(requests: readonly Readonly<Record<string, unknown>>[]): Promise<readonly string[]> {
    const accepted = await this.call('POST', '/v1/batches', requests);
    if (accepted.status !== 202) throw new Error(`refused with ${accepted.status}: ${JSON.stringify(accepted.body)}`);
    const { id } = accepted.body as { readonly id: string };
    const items = await this.call('GET', `/v1/batches/${id}/items?limit=100`);
    return (items.body as { readonly data: readonly JobView[] }).data.map((job) => job.id);
  }

  async job(id: string): Promise<JobView> {
    const answer = await this.call('GET', `/v1/generations/${id}`);
    if (answer.status !== 200) throw new Error(`job ${id}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as JobView;
  }

  /** The types of a job's events, all but its progress, in their order. The job has ended. */
  async events(id: string): Promise<readonly string[]> {
    const { body } = await this.call('GET', `/v1/generations/${id}/events`);
    const types = [...String(body).matchAll(/^event: (\w+)$/gm)].map(([, type]) => type!);
    return types.filter((type) => type !== 'progress');
  }

  /** The jobs in their end states, or as they are after `limitMs`; a job that is gone is left out. */
  async untilFinal(ids: readonly string[], limitMs: number): Promise<ReadonlyMap<string, JobView>> {
    const seen = new Map<string, JobView>();
    const deadline = performance.now() + limitMs;
    while (performance.now() < deadline) {
      for (const id of ids) {
        if (final.has(seen.get(id)?.status ?? '')) continue;
        const { status, body } = await this.call('GET', `/v1/generations/${id}`);
        if (status === 200) seen.set(id, body as JobView);
      }
      if (ids.every((id) => final.has(seen.get(id)?.status ?? ''))) break;
      await pause(250);
    }
    return seen;
  }

  /** Resolves when `met` is; an error after `limitMs`, or when the process that is waited for has ended. */
  async until(
    met: () => Promise<boolean>,
    what: string,
    process: ServiceProcess | null = null,
    limitMs = 120_000,
  ): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!(await met())) {
      if (process?.hasEnded === true) throw new Error(`A process ended before ${what}:\n${await process.lastWords()}`);
      if (performance.now() > deadline) throw new Error(`It did not happen in ${limitMs} ms that ${what}.`);
      await pause(50);
    }
  }

  /** Lines of the processes' logs with that message. */
  async logged(message: string): Promise<number> {
    const texts = await Promise.all(
      Array.from({ length: this.#started }, (_, index) => readFile(this.#logFile(index), 'utf8').catch(() => '')),
    );
    return texts.join('').split(JSON.stringify(message).slice(0, -1)).length - 1;
  }

  /** Ends everything and removes what it left, also a cluster that was never whole. */
  async close(): Promise<void> {
    const processes = this.#api === null ? this.workers : [this.#api, ...this.workers];
    await Promise.all(processes.map(async (process) => await process.end('SIGKILL')));
    await Promise.all([this.postgres.stop(), this.redis.stop()]);
    await rm(this.logs, { recursive: true, force: true, maxRetries: 5 });
  }

  #spawn(args: readonly string[]): ServiceProcess {
    const env = {
      ARMATURE_POSTGRES_URL: this.postgres.url,
      ARMATURE_REDIS_URL: this.redis.url,
      ARMATURE_DATA: this.data,
      ARMATURE_THREADS: '1',
    };
    const file = this.#logFile(this.#started);
    this.#started += 1;
    return new ServiceProcess(args, env, file);
  }

  #logFile(index: number): string {
    return join(this.logs, `${index}.log`);
  }
}
