/** Bodies that cost as much as they can, on every route that takes one: none may hold the event loop. */
import { request } from 'node:http';
import type { Report } from './harness/report.ts';
import { scenario } from './harness/scenario.ts';
import { type Hold, WatchedServer } from './harness/watched-server.ts';
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
  short: { bytes: 60_000, least: 60_000, longest: 0, every: 20, patience: 20, most: 1000 },
  async run({ bytes, least, longest: whole, every, patience, most }, report) {
    const server = await WatchedServer.start(['--admin-key', adminKey]);
    const worst = new Map<string, BodyHold>();
    try {
      report.atLeast('a hold of 300 ms that is made on purpose, as it is seen', await server.seenHold(), 250);
      const openapi = (await (await server.service.fetch('/openapi.json', { headers })).json()) as OpenApi;
      const sizes = [...new Set([least, Math.round(Math.sqrt(least * bytes)), bytes])];
      const bodies = sizes.flatMap((size) => hostileBodies(openapi, size).map((body) => ({ body, size })));
      const long = hostileBodies(openapi, longestBytes)
        .filter(({ route, what }) => longest.includes(route) && wholeBodies.test(what))
        .map((body) => ({ body, size: longestBytes }));
      const all = (whole === 1 ? [...bodies, ...long] : bodies).filter((_, index) => index % every === 0);
      const wrong: string[] = [];
      let done = 0;
      for (const { body, size } of all) {
        const { result, ms, livezMs } = await server.watch(
          async ({ address }) => await send(address, body, patience * 1000),
        );
        // No answer in time is no hold by itself: /livez, which is asked all the while, tells one that lasts from much work that lets others have their turn.
        const held = result === null ? livezMs : ms;
        if (result === 500) wrong.push(`${body.route}: ${body.what} (${size})`);
        const hold = { ms: held, livezMs, status: result ?? 0, what: `${body.what} (${size})` };
        const route = `${body.route}${size === longestBytes ? ', as long as may be' : ''}`;
        if (hold.ms >= (worst.get(route)?.ms ?? -1)) worst.set(route, hold);
        done += 1;
        if (done % 500 === 0) console.log(`${done} of ${all.length} bodies`);
      }
      report.atLeast('bodies', all.length, 10);
      report.exactly('bodies that were answered with 500', wrong.join(', '), '');
      tell(worst, report, most);
    } finally {
      await server.stop();
    }
  },
});

interface BodyHold extends Hold {
  readonly what: string;
  readonly status: number;
}

function tell(worst: ReadonlyMap<string, BodyHold>, report: Report, most: number): void {
  for (const [route, { ms, livezMs, what, status }] of worst) {
    report.atMost(`${route}: longest hold, ms`, Math.round(ms), most);
    report.figure(`${route}: that was`, `${what}, answered ${status}; /livez meanwhile ${Math.round(livezMs)} ms`);
  }
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
