import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noLimits } from '../../src/access/api-key.ts';
import { newKeyText } from '../../src/access/key-text.ts';
import type { KeyRecords, NewApiKey } from '../../src/records/access/keys.ts';
import type { OpenRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';

function newKey(given: Partial<NewApiKey> = {}): NewApiKey {
  const { id, hash } = newKeyText();
  return {
    id,
    hash: hash.toString('hex'),
    name: 'shop',
    tenant: 'shop',
    scopes: ['generate', 'read'],
    limits: noLimits,
    expiresAt: null,
    ...given,
  };
}

/** What every place of records must do with keys. `open` is called once. */
export function keysConformance(name: string, open: () => Promise<OpenRecords>): void {
  describe(`keys over ${name}`, () => {
    let records: Records;
    let keys: KeyRecords;
    beforeAll(async () => {
      ({ records } = await open());
      ({ keys } = records);
    });
    afterAll(() => records.close());

    it('know whether there ever was one, also when all are revoked', async () => {
      expect(await keys.any()).toBe(false);
      const { id } = await keys.insert(newKey());
      await keys.revoke(id);
      expect(await keys.any()).toBe(true);
    });

    it('are kept as they were given', async () => {
      const limits = { submissionsPerMinute: 6, readsPerMinute: 60, quota: { cost: 5e15, window: 'month' } } as const;
      const given = newKey({ limits, expiresAt: new Date('2031-02-03T04:05:06.789Z') });
      const key = await keys.insert(given);
      const { hash, ...rest } = given;
      expect(key).toMatchObject({ ...rest, account: given.id, revokedAt: null, lastUsedAt: null });
      expect(await keys.find(given.id)).toEqual({ key, hash });
      expect(await keys.find('key_unknown')).toBeNull();
    });

    it('are listed oldest first, of one tenant or of all', async () => {
      const [first, second] = [newKey({ tenant: 'listed' }), newKey({ tenant: 'listed' })];
      await keys.insert(first);
      await keys.insert(second);
      expect((await keys.list('listed')).map(({ id }) => id)).toEqual([first.id, second.id]);
      expect((await keys.list()).length).toBeGreaterThan(2);
      expect(await keys.list('nobody')).toEqual([]);
    });

    it('are revoked once', async () => {
      const { id } = await keys.insert(newKey());
      const revoked = await keys.revoke(id);
      expect(revoked!.revokedAt).toBeInstanceOf(Date);
      expect(await keys.revoke(id)).toEqual(revoked);
      expect(await keys.revoke('key_unknown')).toBeNull();
    });

    it('pass everything but their secret on to a successor, and end after the overlap', async () => {
      const given = newKey({ limits: { ...noLimits, readsPerMinute: 7 } });
      const { account, createdAt } = await keys.insert(given);
      const { id, hash } = newKey();
      const successor = await keys.rotate(given.id, { id, hash }, 60);
      expect(successor).toMatchObject({ id, account, name: 'shop', limits: given.limits, expiresAt: null });
      const left = (await keys.find(given.id))!.key.expiresAt!.getTime() - createdAt.getTime();
      expect(left).toBeGreaterThanOrEqual(60_000);
      const again = await keys.rotate(id, newKey(), 0);
      expect(again!.account).toBe(account);
    });

    it('keep their lifetime when they are rotated, and never go on for longer than they would have', async () => {
      const soon = new Date(Date.now() + 3_600_000);
      const old = await keys.insert(newKey({ expiresAt: soon }));
      const successor = await keys.rotate(old.id, newKey(), 86_400);
      expect((await keys.find(old.id))!.key.expiresAt).toEqual(soon);
      const lifetime = (from: Date, to: Date | null): number => to!.getTime() - from.getTime();
      // Times are read to the millisecond and kept to the microsecond.
      const difference = lifetime(successor!.createdAt, successor!.expiresAt) - lifetime(old.createdAt, old.expiresAt);
      expect(Math.abs(difference)).toBeLessThanOrEqual(1);
    });

    it('are not rotated once they are revoked or have expired', async () => {
      const revoked = await keys.insert(newKey());
      await keys.revoke(revoked.id);
      const expired = await keys.insert(newKey({ expiresAt: new Date(0) }));
      for (const { id } of [revoked, expired]) expect(await keys.rotate(id, newKey(), 60)).toBeNull();
      expect(await keys.rotate('key_unknown', newKey(), 60)).toBeNull();
    });

    it('note their use once a minute', async () => {
      const { id } = await keys.insert(newKey());
      await keys.touch(id);
      const { lastUsedAt } = (await keys.find(id))!.key;
      expect(lastUsedAt).toBeInstanceOf(Date);
      await keys.touch(id);
      expect((await keys.find(id))!.key.lastUsedAt).toEqual(lastUsedAt);
    });

    it('tell of every change', async () => {
      const key = newKey();
      const successor = newKey();
      const steps: (readonly [string, () => Promise<unknown>])[] = [
        [key.id, () => keys.insert(key)],
        [successor.id, () => keys.rotate(key.id, successor, 60)],
        [key.id, () => keys.revoke(key.id)],
      ];
      for (const [id, step] of steps) {
        const told = new Promise<void>((resolve) => {
          const stop = keys.onChange((changed) => {
            if (changed !== id) return;
            stop();
            resolve();
          });
        });
        await step();
        await told;
      }
    });
  });
}
