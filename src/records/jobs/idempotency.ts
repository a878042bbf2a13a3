import { sql, type Kysely } from 'kysely';
import { ArmatureError } from '../../errors.ts';
import type { Tables } from '../schema/schema.ts';
import { deleteInSlices } from '../database/delete-in-slices.ts';

/** Milliseconds for which a key stands for its first request. */
export const keyLifetime = 24 * 3_600_000;

/**
 * Milliseconds after which a claim that nobody renews lapses: that is how long a key is stuck whose process died. A request
 * whose claim has lapsed, and was taken over, makes nothing any more.
 */
export const claimLifetime = 10_000;

/** A key as one of its users names it: keys of other tenants and other routes are others. */
export interface IdempotencyKey {
  readonly tenant: string;
  readonly route: string;
  readonly key: string;
}

/** The right to make what a key stands for. */
export interface IdempotencyClaim extends IdempotencyKey {
  /** Tells this claim from an earlier one that lapsed. */
  readonly token: string;
}

export type ClaimOutcome =
  | { readonly kind: 'claimed' }
  /** The first request made the resource of this id. */
  | { readonly kind: 'made'; readonly resource: string }
  /** The first request is still being looked at. */
  | { readonly kind: 'in progress' }
  /** The first request was another one. */
  | { readonly kind: 'mismatch' };

/** Which requests have been answered already. The database's uniqueness decides races, whichever processes they run in. */
export interface IdempotencyRecords {
  /** Takes a key that is free, has expired, or whose claim has lapsed. `fingerprint` tells what is asked for. */
  claim(claim: IdempotencyClaim, fingerprint: string, now: Date): Promise<ClaimOutcome>;
  /** Holds a claim for its lifetime from now on. */
  renew(claim: IdempotencyClaim, now: Date): Promise<void>;
  /** Says what came of a claim whose resource was made outside its transaction; false where the claim was lost. */
  complete(claim: IdempotencyClaim, resource: string): Promise<boolean>;
  /** Gives the key back: its request was refused. */
  release(claim: IdempotencyClaim): Promise<void>;
  /** Removes expired keys. */
  sweep(now: Date): Promise<void>;
}

export function sqlIdempotency(db: Kysely<Tables>): IdempotencyRecords {
  const takeFree = async (claim: IdempotencyClaim, fingerprint: string, now: Date): Promise<boolean> => {
    const values = { fingerprint, token: claim.token, claimed_until: after(now, claimLifetime), created_at: now };
    const row = await db
      .insertInto('idempotency_key')
      .values({ tenant: claim.tenant, route: claim.route, key: claim.key, ...values })
      .onConflict((conflict) =>
        conflict
          .columns(['tenant', 'route', 'key'])
          .doUpdateSet({ ...values, resource: null })
          .where((row) =>
            row.or([
              row('idempotency_key.created_at', '<=', after(now, -keyLifetime)),
              row.and([row('idempotency_key.resource', 'is', null), row('idempotency_key.claimed_until', '<=', now)]),
            ]),
          ),
      )
      .returning('token')
      .executeTakeFirst();
    return row !== undefined;
  };
  const find = async ({ tenant, route, key }: IdempotencyKey) =>
    await db
      .selectFrom('idempotency_key')
      .select(['fingerprint', 'resource'])
      .where((row) => row.and({ tenant, route, key }))
      .executeTakeFirst();

  return {
    async claim(claim, fingerprint, now) {
      if (await takeFree(claim, fingerprint, now)) return { kind: 'claimed' };
      const taken = await find(claim);
      // Given back between the two statements: whoever had it is as good as still there, and the client comes again.
      if (taken === undefined) return { kind: 'in progress' };
      if (taken.fingerprint !== fingerprint) return { kind: 'mismatch' };
      return taken.resource === null ? { kind: 'in progress' } : { kind: 'made', resource: taken.resource };
    },
    async renew({ tenant, route, key, token }, now) {
      await db
        .updateTable('idempotency_key')
        .set({ claimed_until: after(now, claimLifetime) })
        .where((row) => row.and({ tenant, route, key, token }))
        .execute();
    },
    complete: async (claim, resource) => await completeClaim(db, claim, resource),
    async release({ tenant, route, key, token }) {
      await db
        .deleteFrom('idempotency_key')
        .where((row) => row.and({ tenant, route, key, token }))
        .where('resource', 'is', null)
        .execute();
    },
    async sweep(now) {
      const expired = sql`created_at <= ${after(now, -keyLifetime)}`;
      await deleteInSlices(db, 'idempotency_key', expired);
    },
  };
}

/**
 * Runs `write`, which makes the resource of this id, in the transaction that completes the claim: either both are there
 * or neither. Without a claim it just runs. `idempotency_in_progress` where the claim has lapsed and was taken over.
 */
export async function underClaim<T>(
  db: Kysely<Tables>,
  claim: IdempotencyClaim | undefined,
  resource: string,
  write: (db: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  if (claim === undefined) return await write(db);
  return await db.transaction().execute(async (transaction) => {
    if (await completeClaim(transaction, claim, resource)) return await write(transaction);
    const detail = 'Another request with this Idempotency-Key overtook this one. Send it again for the answer.';
    throw new ArmatureError('idempotency_in_progress', detail, { field: 'Idempotency-Key', retryAfter: 1 });
  });
}

async function completeClaim(
  db: Kysely<Tables>,
  { tenant, route, key, token }: IdempotencyClaim,
  resource: string,
): Promise<boolean> {
  const row = await db
    .updateTable('idempotency_key')
    .set({ resource })
    .where((row) => row.and({ tenant, route, key, token }))
    .returning(sql.lit(true).as('completed'))
    .executeTakeFirst();
  return row !== undefined;
}

function after(time: Date, ms: number): Date {
  return new Date(time.getTime() + ms);
}
