import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultServerLimits } from '../../src/server/limits.ts';
import { root, Service } from '../support/service.ts';
import { fuzzRequests } from './fuzz-requests.ts';
import { hostileClients, meet } from './hostile-clients.ts';

const adminKey = 'an-admin-key-of-more-than-32-characters';
const headers = { authorization: `Bearer ${adminKey}` };
/** Those that a test can wait for: who dribbles a body is borne with for minutes. */
const hurried = hostileClients(defaultServerLimits, headers.authorization).filter(({ withinMs }) => withinMs < 100_000);
const picture = readFileSync(new URL('test/diorama/scenes/04_canny.png', root));

describe('a server that strangers reach', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start({ flags: ['--provider', 'cpu', '--admin-key', adminKey] });
  });
  afterAll(async () => await service.stop());

  it('answers requests made from its own description as the contract says', async () => {
    const { address } = service;
    const report = await fuzzRequests({
      address,
      count: 1500,
      seed: 1,
      headers,
      pictures: [picture],
    });
    expect(report.findings).toEqual([]);
    // Most operations are really reached, or the findings would say nothing.
    expect(report.reached.length).toBeGreaterThan(report.operations / 2);
  }, 3_000_000);

  it.each(hurried.map((client) => [client.name, client] as const))(
    'stands %s',
    async (_name, client) => {
      const outcome = await meet(service.address, client);
      expect([...client.allowed]).toContain(outcome);
      expect((await service.fetch('/livez')).status).toBe(200);
    },
    120_000,
  );
});
