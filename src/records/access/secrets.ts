import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Tables } from '../schema/schema.ts';

/** Secrets that all processes of a service share, each made when it is first asked for. */
export interface SecretRecords {
  /** 32 random bytes that stay the same for a name. */
  get(name: string): Promise<Buffer>;
}

export function sqlSecrets(db: Kysely<Tables>): SecretRecords {
  return {
    async get(name) {
      const fresh = { name, value: randomBytes(32).toString('hex') };
      await db
        .insertInto('secret')
        .values(fresh)
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute();
      const { value } = await db
        .selectFrom('secret')
        .select('value')
        .where('name', '=', name)
        .executeTakeFirstOrThrow();
      return Buffer.from(value, 'hex');
    },
  };
}
