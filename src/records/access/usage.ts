import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema/schema.ts';

/** What is counted: cost by the `day` or `month`, requests by the minute. */
export type UsageKind = 'day' | 'month' | 'submissions' | 'reads';

/** A counter of one account in one window. */
export interface UsageWindow {
  readonly account: string;
  readonly kind: UsageKind;
  readonly start: Date;
}

/** Counters that all processes share. Each change is one atomic statement. */
export interface UsageRecords {
  /** Adds `amount` where the sum stays within `limit`, and says whether it did. */
  spend(window: UsageWindow, amount: number, limit: number): Promise<boolean>;
  /** Adds `amount`, which may be negative, and returns the sum. */
  add(window: UsageWindow, amount: number): Promise<number>;
  read(window: UsageWindow): Promise<number>;
  /** Forgets the windows of these kinds that began before. */
  forget(kinds: readonly UsageKind[], before: Date): Promise<void>;
}

export function sqlUsage(db: Kysely<Tables>): UsageRecords {
  const counted = ({ account, kind, start }: UsageWindow, amount: number) =>
    db.insertInto('usage').values({ account, kind, window_start: start, amount });
  const sum = sql<number>`"usage".amount + excluded.amount`;
  return {
    async spend(window, amount, limit) {
      if (amount > limit) return false;
      const row = await counted(window, amount)
        .onConflict((conflict) =>
          conflict.columns(['account', 'kind', 'window_start']).doUpdateSet({ amount: sum }).where(sum, '<=', limit),
        )
        .returning('amount')
        .executeTakeFirst();
      return row !== undefined;
    },
    async add(window, amount) {
      const row = await counted(window, amount)
        .onConflict((conflict) => conflict.columns(['account', 'kind', 'window_start']).doUpdateSet({ amount: sum }))
        .returning('amount')
        .executeTakeFirstOrThrow();
      return row.amount;
    },
    async read({ account, kind, start }) {
      const row = await db
        .selectFrom('usage')
        .select('amount')
        .where('account', '=', account)
        .where('kind', '=', kind)
        .where('window_start', '=', start)
        .executeTakeFirst();
      return row?.amount ?? 0;
    },
    async forget(kinds, before) {
      await db.deleteFrom('usage').where('kind', 'in', kinds).where('window_start', '<', before).execute();
    },
  };
}
