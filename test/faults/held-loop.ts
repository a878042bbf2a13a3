/** Bodies that cost as much as they can, on every route that takes one: none may hold the event loop. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root, Service } from '../support/service.ts';
import type { Report } from './harness/report.ts';
import { scenario } from './harness/scenario.ts';
import { type HostileBody, hostileBodies } from './strangers/hostile-bodies.ts';
import type { OpenApi } from './strangers/openapi-requests.ts';

const adminKey = 'an-admin-key-of-more-than-32-characters';
const headers = { authorization: `Bearer ${adminKey}` };
/** Routes whose bodies are also tried as long as they may be. */
const longest = ['POST /v1/generations', 'POST /v1/batches'];
const longestBytes = 47 * 2 ** 20;
/** In the longest bodies: those that every field of a request would only repeat are left out. */
const wholeBodies = /^[^:]+: (?:[^:]+|(?:metadata|controls|the file (?:request|items)): [^:]+)$/;

export const heldLoop = scenario({
  title: 'what one request can hold the event loop for',
  alone: true,
  sizes: { bytes: 1_000_000, least: 1000, longest: 1, every: 1, patience: 20, most: 100 },
  short: { bytes: 60_000, least: 60_000, longest: 0, every: 15, patience: 20, most: 1000 },
  async run({ bytes, least, longest: whole, every, patience, most }, report) {
    const server = await WatchedServer.start();
    const worst = new Map<string, Hold>();
    try {
      const openapi = (await (await server.fetch('/openapi.json')).json()) as OpenApi;
      const sizes = [...new Set([least, Math.round(Math.sqrt(least * bytes)), bytes])];
      const bodies = sizes.flatMap((size) => hostileBodies(openapi, size).map((body) => ({ body, size })));
      const long = hostileBodies(openapi, longestBytes)
        .filter(({ route, what }) => longest.includes(route) && wholeBodies.test(what))
        .map((body) => ({ body, size: longestBytes }));
      const all = (whole === 1 ? [...bodies, ...long] : bodies).filter((_, index) => index % every === 0);
      let done = 0;
      for (const { body, size } of all) {
        const hold = { ...(await server.hold(body, patience * 1000)), what: `${body.what} (${size})` };
        const route = `${body.route}${size === longestBytes ? ', as long as may be' : ''}`;
        if (hold.ms >= (worst.get(route)?.ms ?? -1)) worst.set(route, hold);
        done += 1;
        if (done % 500 === 0) console.log(`${done} of ${all.length} bodies`);
      }
      report.figure('bodies', all.length);
      tell(worst, report, most);
    } finally {
      await server.stop();
    }
  },
});

interface Hold {
  readonly ms: number;
  readonly livezMs: number;
  readonly what: string;
  readonly status: number;
}

function tell(worst: ReadonlyMap<string, Hold>, report: Report, most: number): void {
  for (const [route, { ms, livezMs, what, status }] of worst) {
    report.atMost(`${route}: longest hold, ms`, Math.round(ms), most);
    report.figure(`${route}: that was`, `${what}, answered ${status}; /livez meanwhile ${Math.round(livezMs)} ms`);
  }
}

/** A server that notes what holds its event loop. One that does not answer in time is replaced. */
class WatchedServer {
  readonly #folder: string;
  #service: Service;
  #read = 0;

  private constructor(folder: string, service: Service) {
    this.#folder = folder;
    this.#service = service;
  }

  static async start(): Promise<WatchedServer> {
    const folder = await mkdtemp(join(tmpdir(), 'armature-loop-'));
    return new WatchedServer(folder, await startService(folder));
  }

  async fetch(path: string): Promise<Response> {
    return await this.#service.fetch(path, { headers });
  }

  /** The longest time for which a request held the loop, as it is seen inside, and by /livez. */
  async hold(body: HostileBody, patienceMs: number): Promise<Omit<Hold, 'what'>> {
    await this.#noted();
    const stop = new AbortController();
    const asking = this.#askLivez(stop.signal);
    const status = await send(this.#service.address, body, patienceMs);
    if (status === null) {
      stop.abort();
      await this.#service.stop('SIGKILL');
      this.#service = await startService(this.#folder);
      await asking;
      return { ms: patienceMs, livezMs: patienceMs, status: 0 };
    }
    // What the request has set going is done when the loop has come round a few times.
    for (let round = 0; round < 3; round += 1) await this.fetch('/livez');
    stop.abort();
    const holds = await this.#noted();
    return { ms: Math.max(0, ...holds), livezMs: await asking, status };
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
      await fetch(new URL('/livez', this.#service.address), { signal }).catch(() => {});
      longestMs = Math.max(longestMs, performance.now() - startedAt);
      await pause(10);
    }
    return longestMs;
  }
}

async function startService(folder: string): Promise<Service> {
  const watch = new URL('test/faults/harness/loop-watch.mjs', root).href;
  return await Service.start({
    flags: ['--provider', 'cpu', '--admin-key', adminKey],
    environment: { NODE_OPTIONS: `--import ${watch}`, LOOP_WATCH: join(folder, 'holds') },
  });
}

/** The status of the answer; null where there is none in time. A connection that the server ends has the status 0. */
async function send(address: string, made: HostileBody, patienceMs: number): Promise<number | null> {
  const body = made.body();
  const url = new URL(made.path, address);
  const all = { ...headers, ...made.headers, 'content-length': body.length };
  return await new Promise<number | null>((resolve) => {
    const sending = request(url, { method: made.method, headers: all }, (response) => {
      response.resume();
      response.on('close', () => resolve(response.statusCode ?? 0));
    });
    sending.setTimeout(patienceMs, () => {
      resolve(null);
      sending.destroy();
    });
    sending.on('error', () => resolve(0));
    sending.end(body);
  });
}
