import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema/schema.ts';

/** What a worker says of itself. */
export interface WorkerSign {
  /** Its own for the life of the process. */
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Version of the product. */
  readonly version: string;
  readonly deviceState: string;
  /** One sentence: which provider was taken and why, or what is wrong. */
  readonly deviceDetail: string;
  /** Ids of the models of which something is in the memory of its device. */
  readonly loaded: readonly string[];
}

export interface SeenWorker extends WorkerSign {
  readonly startedAt: Date;
  readonly seenAt: Date;
}

/** A worker that was silent for longer than this counts as gone. Seconds. */
const silenceLimit = 30;

/** Which workers there are. */
export interface WorkerRecords {
  /** Notes a sign of life. */
  sign(worker: WorkerSign): Promise<void>;
  /** Forgets a worker that ends. */
  leave(id: string): Promise<void>;
  /** Those that gave a sign of life in the last `silenceLimit` seconds, the longest running first. */
  alive(): Promise<readonly SeenWorker[]>;
}

export function sqlWorkers(db: Kysely<Tables>): WorkerRecords {
  const lately = sql<Date>`now() - make_interval(secs => ${sql.lit(silenceLimit)})`;
  return {
    async sign({ id, host, pid, version, deviceState, deviceDetail, loaded }) {
      const state = { device_state: deviceState, device_detail: deviceDetail, loaded: [...loaded] };
      await db
        .insertInto('worker')
        .values({ id, host, pid, version, ...state })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...state, seen_at: sql<Date>`now()` }))
        .execute();
      // Whoever was killed could not leave.
      await db
        .deleteFrom('worker')
        .where('seen_at', '<', sql<Date>`now() - interval '1 hour'`)
        .execute();
    },
    async leave(id) {
      await db.deleteFrom('worker').where('id', '=', id).execute();
    },
    async alive() {
      const rows = await db
        .selectFrom('worker')
        .selectAll()
        .where('seen_at', '>=', lately)
        .orderBy('started_at')
        .orderBy('id')
        .execute();
      return rows.map((row) => ({
        id: row.id,
        host: row.host,
        pid: row.pid,
        version: row.version,
        deviceState: row.device_state,
        deviceDetail: row.device_detail,
        loaded: row.loaded,
        startedAt: row.started_at,
        seenAt: row.seen_at,
      }));
    },
  };
}
