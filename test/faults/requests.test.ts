import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, Service } from '../support/service.ts';
import { fuzzRequests } from './fuzz-requests.ts';
import { hostileClients, meet } from './hostile-clients.ts';

const adminKey = 'an-admin-key-of-more-than-32-characters';
const headers = { authorization: `Bearer ${adminKey}` };
const picture = readFileSync(new URL('test/diorama/scenes/04_canny.png', root));

describe('a server that strangers reach', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start({ flags: ['--provider', 'cpu', '--admin-key', adminKey] });
  });
  afterAll(async () => await service.stop());

  it('answers requests made from its own description as the contract says', async () => {
    const { address } = service;
    const count = Number(process.env['FUZZ_REQUESTS'] ?? 1500);
    const report = await fuzzRequests({
      address,
      count,
      seed: Number(process.env['FUZZ_SEED'] ?? 1),
      headers,
      pictures: [picture],
      onProgress: (n) => console.log(n),
    });
    console.log(report.statuses, report.reached.length, report.operations);
    expect(report.findings).toEqual([]);
    // Most operations are really reached, or the findings would say nothing.
    expect(report.reached.length).toBeGreaterThan(report.operations / 2);
  }, 3_000_000);

  it.each(hostileClients(30_000, headers.authorization).map((client) => [client.name, client] as const))(
    'stands %s',
    async (_name, client) => {
      const outcome = await meet(service.address, client);
      expect([...client.allowed]).toContain(outcome);
      expect((await service.fetch('/livez')).status).toBe(200);
    },
    120_000,
  );
});
