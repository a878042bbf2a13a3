import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root, Service } from '../../support/service.ts';

/** For how long the loop is held on purpose, in milliseconds. */
const onPurposeMs = 300;

/** For how long a server's event loop was held, in milliseconds. */
export interface Hold {
  readonly ms: number;
  readonly livezMs: number;
}

/** A server that notes what holds its event loop. One that does not answer in time is replaced. */
export class WatchedServer {
  readonly #folder: string;
  readonly #flags: readonly string[];
  #service: Service;
  #read = 0;

  private constructor(folder: string, service: Service, flags: readonly string[]) {
    this.#folder = folder;
    this.#service = service;
    this.#flags = flags;
  }

  static async start(flags: readonly string[] = []): Promise<WatchedServer> {
    const folder = await mkdtemp(join(tmpdir(), 'armature-loop-'));
    return new WatchedServer(folder, await startService(folder, flags), flags);
  }

  get service(): Service {
    return this.#service;
  }

  /**
   * What comes of a request, and the longest time for which it held the loop, as it is seen inside, and by /livez. The server is
   * replaced where nothing comes of it: null.
   */
  async watch<Result>(
    request: (service: Service) => Promise<Result | null>,
  ): Promise<Hold & { readonly result: Result | null }> {
    await this.#noted();
    const stop = new AbortController();
    const asking = this.#askLivez(stop.signal);
    const result = await request(this.#service);
    if (result === null) {
      stop.abort();
      await this.#service.stop('SIGKILL');
      this.#service = await startService(this.#folder, this.#flags);
      return { ms: 0, livezMs: await asking, result };
    }
    // What the request has set going is done when the loop has come round a few times.
    for (let round = 0; round < 3; round += 1) await this.#service.fetch('/livez');
    stop.abort();
    const holds = await this.#noted();
    return { ms: Math.max(0, ...holds), livezMs: await asking, result };
  }

  /** Holds the loop on purpose, and gives the longest hold that was noted then, in milliseconds: 0 where nothing is noted at all. */
  async seenHold(): Promise<number> {
    await this.#noted();
    process.kill(this.#service.pid, 'SIGUSR2');
    let longest = 0;
    for (let round = 0; round < 200 && longest < onPurposeMs / 2; round += 1) {
      await this.#service.fetch('/livez');
      await pause(10);
      longest = Math.max(longest, ...(await this.#noted()));
    }
    return Math.round(longest);
  }

  async stop(): Promise<void> {
    await this.#service.stop('SIGKILL');
    await rm(this.#service.data, { recursive: true, force: true });
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Holds that were noted since the last call. */
  async #noted(): Promise<readonly number[]> {
    const text = await readFile(join(this.#folder, 'holds'), 'utf8').catch(() => '');
    const fresh = text.slice(this.#read);
    this.#read = text.length;
    return fresh.split('\n').filter(Boolean).map(Number);
  }

  async #askLivez(signal: AbortSignal): Promise<number> {
    let longestMs = 0;
    while (!signal.aborted) {
      const startedAt = performance.now();
      await fetch(new URL('/livez', this.#service.address)).catch(() => {});
      longestMs = Math.max(longestMs, performance.now() - startedAt);
      await pause(10);
    }
    return longestMs;
  }
}

async function startService(folder: string, flags: readonly string[]): Promise<Service> {
  const watch = new URL('test/faults/harness/loop-watch.mjs', root).href;
  return await Service.start({
    flags: ['--provider', 'cpu', ...flags],
    environment: {
      NODE_OPTIONS: `--import ${watch}`,
      LOOP_WATCH: join(folder, 'holds'),
      LOOP_HOLD: String(onPurposeMs),
    },
  });
}
