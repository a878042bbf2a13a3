import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import type { UsageWindow } from '../../src/records/access/usage.ts';

/** What every place of records must do with counters. `open` is called once. */
export function usageConformance(name: string, open: () => Promise<OpenRecords>): void {
  describe(`usage over ${name}`, () => {
    let records: Records;
    let accounts = 0;
    const fresh = (given: Partial<UsageWindow> = {}): UsageWindow => ({
      account: `account ${(accounts += 1)}`,
      kind: 'day',
      start: new Date('2026-01-02T00:00:00Z'),
      ...given,
    });
    beforeAll(async () => {
      ({ records } = await open());
    });
    afterAll(() => records.close());

    it('is spent up to the limit and not beyond, however many spend at once', async () => {
      const window = fresh();
      const spent = await Promise.all(Array.from({ length: 10 }, () => records.usage.spend(window, 3e14, 1e15)));
      expect(spent.filter(Boolean)).toHaveLength(3);
      expect(await records.usage.read(window)).toBe(9e14);
      expect(await records.usage.spend(window, 1e14, 1e15)).toBe(true);
      expect(await records.usage.spend(window, 1, 1e15)).toBe(false);
    });

    it('is not spent by what is beyond the limit alone', async () => {
      const window = fresh();
      expect(await records.usage.spend(window, 11, 10)).toBe(false);
      expect(await records.usage.read(window)).toBe(0);
    });

    it('is counted by account, kind and window', async () => {
      const window = fresh();
      expect(await records.usage.add(window, 2)).toBe(2);
      expect(await records.usage.add(window, 3)).toBe(5);
      expect(await records.usage.add(window, -4)).toBe(1);
      expect(await records.usage.read({ ...window, kind: 'month' })).toBe(0);
      expect(await records.usage.read({ ...window, start: new Date('2026-01-03T00:00:00Z') })).toBe(0);
      expect(await records.usage.read(fresh())).toBe(0);
    });

    it('is forgotten when its window is long over', async () => {
      const [old, recent] = [
        fresh({ kind: 'reads' }),
        fresh({ kind: 'reads', start: new Date('2026-01-05T00:00:00Z') }),
      ];
      const cost = fresh();
      for (const window of [old, recent, cost]) await records.usage.add(window, 1);
      await records.usage.forget(['reads', 'submissions'], new Date('2026-01-04T00:00:00Z'));
      expect(await records.usage.read(old)).toBe(0);
      expect(await records.usage.read(recent)).toBe(1);
      expect(await records.usage.read(cost)).toBe(1);
    });
  });
}
