/** Requests made from the server's own description, and clients that mean harm: no 500, 502 or 504, and no crash. */
import { readFileSync } from 'node:fs';
import { defaultServerLimits } from '../../src/server/parts/limits.ts';
import { root, Service } from '../support/service.ts';
import { packTar } from '../training/data/pack.ts';
import type { Report } from './harness/report.ts';
import { residentMemory } from './harness/resident-memory.ts';
import { scenario } from './harness/scenario.ts';
import { Neighbour } from './strangers/neighbour.ts';
import { fuzzRequests } from './strangers/fuzz-requests.ts';
import { type HostileClient, hostileClients, meet } from './strangers/hostile-clients.ts';

const adminKey = 'an-admin-key-of-more-than-32-characters';
const headers = { authorization: `Bearer ${adminKey}` };
const picture = readFileSync(new URL('test/diorama/scenes/04_canny.png', root));
/** Findings that are printed; there may be as many as requests. */
const printed = 20;

/** How long another client may wait for an answer, in milliseconds, and what hostile clients may cost. */
const mostMs = 1000;
const mostMegabytes = 400;

export const fuzzedRequests = scenario({
  title: 'fuzzed requests and hostile clients',
  alone: true,
  sizes: { requests: 50_000, seed: 1, patience: 600, slack: 1 },
  // Who dribbles a body is borne with for minutes: a test does not wait for it. It may share its machine with others.
  short: { requests: 2500, seed: 1, patience: 100, slack: 10 },
  async run({ requests, seed, patience, slack }, report) {
    const service = await Service.start({ flags: ['--provider', 'cpu', '--admin-key', adminKey] });
    try {
      await sendRequests(service, requests, seed, report);
      const clients = hostileClients(defaultServerLimits, headers.authorization);
      const before = megabytesOf(service);
      await meetAll(
        service,
        clients.filter(({ withinMs }) => withinMs <= patience * 1000),
        mostMs * slack,
        report,
      );
      report.figure('memory of the server before hostile clients, MB', before);
      report.atMost('memory of the server that they cost, MB', megabytesOf(service) - before, mostMegabytes);
    } finally {
      await service.stop();
    }
  },
});

async function sendRequests(service: Service, count: number, seed: number, report: Report): Promise<void> {
  const { address } = service;
  const onProgress = (done: number): void => console.log(`${done} of ${count} requests`);
  const ids = await somethingOfEach(service);
  const fuzzed = await fuzzRequests({ address, count, seed, headers, ids, pictures: [picture], onProgress });
  report.figure('fuzzed requests', fuzzed.requests);
  report.figure('their answers', written(fuzzed.statuses));
  report.figure('operations of the description', fuzzed.operations);
  // Most of them are really reached, or the findings would say nothing.
  report.atLeast('operations that did what they are for', fuzzed.reached.length, Math.ceil(fuzzed.operations / 2));
  for (const finding of fuzzed.findings.slice(0, printed)) report.figure('finding', finding);
  report.exactly('answers that break the contract', fuzzed.findings.length, 0);
}

/** Ids of what requests can be about from the first on: a job, a batch, a picture, a training set and a training. */
async function somethingOfEach(service: Service): Promise<readonly string[]> {
  const drawing = { prompt: 'a red cube', steps: 2 };
  const bodies = {
    '/v1/generations': drawing,
    '/v1/batches': { items: [drawing, drawing] },
    '/v1/uploads': picture,
    '/v1/uploads?kind=set': {},
  };
  const post = async (path: string, body: object): Promise<string> => {
    const sent =
      body instanceof Uint8Array
        ? { type: 'image/png', body }
        : { type: 'application/json', body: JSON.stringify(body) };
    const answer = await service.fetch(path, {
      method: 'POST',
      headers: { ...headers, 'content-type': sent.type },
      body: sent.body,
    });
    return ((await answer.json()) as { readonly id: string }).id;
  };
  const ids = await Promise.all(Object.entries(bodies).map(async ([path, body]) => await post(path, body)));
  const set = await post('/v1/uploads?kind=set', {});
  const body = await packTar({ '0.png': picture, '0.txt': 'a cube' });
  await service.fetch(`/v1/uploads/${set}`, { method: 'PUT', headers, body });
  const training = { kind: 'lora', steps: 2, resolution: [64, 64], data: { upload_id: set } };
  return [...ids, set, await post('/v1/trainings', training)];
}

async function meetAll(
  service: Service,
  clients: readonly HostileClient[],
  waitMs: number,
  report: Report,
): Promise<void> {
  let alive = 0;
  report.atLeast('hostile clients', clients.length, 10);
  for (const client of clients) {
    const neighbour = new Neighbour(service.address, headers);
    const outcome = await meet(service.address, client);
    const { asked, slowestMs, refused } = await neighbour.leave();
    report.atLeast(`${client.name}: requests of another client meanwhile`, asked, 1);
    report.atMost(`${client.name}: slowest answer to another client, ms`, Math.round(slowestMs), waitMs);
    report.exactly(`${client.name}: another client's requests that failed`, refused, 0);
    const { name, allowed } = client;
    const isAllowed = allowed.some((one) => one === outcome);
    report.exactly(name, outcome, isAllowed ? outcome : allowed.join(' or '));
    if ((await service.fetch('/livez')).status === 200) alive += 1;
  }
  report.exactly('hostile clients that the server outlived', alive, clients.length);
}

function megabytesOf(service: Service): number {
  const [server] = residentMemory(service.pid);
  return Math.round(server?.megabytes ?? 0);
}

function written(statuses: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(statuses).toSorted(([a], [b]) => a.localeCompare(b));
  return sorted.map(([status, count]) => `${status}: ${count}`).join(', ');
}
