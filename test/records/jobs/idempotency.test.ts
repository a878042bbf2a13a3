import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { claimLifetime, type IdempotencyClaim, keyLifetime } from '../../../src/records/jobs/idempotency.ts';
import { newJob } from '../conformance.ts';
import { onEveryDatabase } from '../databases.ts';

const start = new Date('2026-03-01T12:00:00Z');
const later = (ms: number): Date => new Date(start.getTime() + ms);
const newClaim = (given: Partial<IdempotencyClaim> = {}): IdempotencyClaim => ({
  tenant: 'default',
  route: 'generations',
  key: randomUUID(),
  token: randomUUID(),
  ...given,
});
const again = (claim: IdempotencyClaim): IdempotencyClaim => ({ ...claim, token: randomUUID() });

onEveryDatabase('idempotency keys', (records) => {
  const claimed = async (): Promise<IdempotencyClaim> => {
    const claim = newClaim();
    expect(await records().idempotency.claim(claim, 'a', start)).toEqual({ kind: 'claimed' });
    return claim;
  };

  it('stand for what their first request made', async () => {
    const { idempotency } = records();
    const claim = await claimed();
    const job = await records().insertJob(newJob('default', { claim }));
    expect(await idempotency.claim(again(claim), 'a', later(1))).toEqual({ kind: 'made', resource: job.id });
    expect(await idempotency.claim(again(claim), 'b', later(1))).toEqual({ kind: 'mismatch' });
  });

  it('are in progress until then, and free again when the request is refused', async () => {
    const { idempotency } = records();
    const claim = await claimed();
    expect(await idempotency.claim(again(claim), 'a', later(1))).toEqual({ kind: 'in progress' });
    await idempotency.release(again(claim));
    expect(await idempotency.claim(again(claim), 'a', later(1))).toEqual({ kind: 'in progress' });
    await idempotency.release(claim);
    expect(await idempotency.claim(again(claim), 'b', later(1))).toEqual({ kind: 'claimed' });
  });

  it('belong to a tenant and a route', async () => {
    const { idempotency } = records();
    const claim = await claimed();
    for (const other of [{ tenant: 'another' }, { route: 'uploads' }]) {
      expect(await idempotency.claim(newClaim({ ...claim, ...other }), 'b', start)).toEqual({ kind: 'claimed' });
    }
  });

  it('are given to one of many that ask at the same instant', async () => {
    const { idempotency } = records();
    const claim = newClaim();
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, async () => await idempotency.claim(again(claim), 'a', start)),
    );
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['claimed', ...Array(11).fill('in progress')]);
  });

  it('are taken over when a claim has lapsed, and then make nothing for the first', async () => {
    const { idempotency } = records();
    const claim = await claimed();
    const second = again(claim);
    expect(await idempotency.claim(second, 'a', later(claimLifetime - 1))).toEqual({ kind: 'in progress' });
    expect(await idempotency.claim(second, 'a', later(claimLifetime))).toEqual({ kind: 'claimed' });
    const late = newJob('default', { claim });
    await expect(records().insertJob(late)).rejects.toMatchObject({ code: 'idempotency_in_progress' });
    expect(await records().findJob('default', late.id)).toBeNull();
    await idempotency.release(claim);
    expect(await idempotency.complete(second, 'upl_1')).toBe(true);
    expect(await idempotency.claim(again(claim), 'a', later(claimLifetime))).toEqual({
      kind: 'made',
      resource: 'upl_1',
    });
  });

  it('stay claimed while the claim is renewed', async () => {
    const { idempotency } = records();
    const claim = await claimed();
    await idempotency.renew(claim, later(claimLifetime - 1));
    expect(await idempotency.claim(again(claim), 'a', later(claimLifetime))).toEqual({ kind: 'in progress' });
    await idempotency.renew(again(claim), later(claimLifetime));
    expect(await idempotency.claim(again(claim), 'a', later(2 * claimLifetime - 1))).toEqual({ kind: 'claimed' });
  });

  it('expire after a day', async () => {
    const { idempotency } = records();
    const claim = await claimed();
    const fresh = newClaim();
    await records().insertJob(newJob('default', { claim }));
    expect(await idempotency.claim(again(claim), 'b', later(keyLifetime - 1))).toEqual({ kind: 'mismatch' });
    await idempotency.claim(fresh, 'a', later(1));
    const expired = again(claim);
    expect(await idempotency.claim(expired, 'b', later(keyLifetime))).toEqual({ kind: 'claimed' });
    expect(await idempotency.complete(expired, 'x')).toBe(true);
    await idempotency.sweep(later(2 * keyLifetime - 1));
    expect(await idempotency.complete(fresh, 'y')).toBe(false);
    expect(await idempotency.complete(expired, 'x')).toBe(true);
    await idempotency.sweep(later(2 * keyLifetime));
    expect(await idempotency.complete(expired, 'x')).toBe(false);
  });
});
