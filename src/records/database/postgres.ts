import { Pool, type ClientConfig, type PoolConfig } from 'pg';
import { GuardedPool } from './guarded-pool.ts';
import { NotificationListener } from './notification-listener.ts';
import { queueError, recordsError } from './outage.ts';
import type { SqlDatabase } from './sql-pool.ts';

/** Milliseconds. A database that is away must show as such before a client of the API loses patience. */
const connectTimeout = 2_000;
const statementTimeout = 10_000;

/** Opens nothing yet: the first statement connects. */
export function openPostgres(url: string): SqlDatabase {
  const config: ClientConfig & PoolConfig = {
    connectionString: url,
    connectionTimeoutMillis: connectTimeout,
    statement_timeout: statementTimeout,
    // The client's own limit, for a server that is gone without a word.
    query_timeout: statementTimeout + 2_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'armature',
  };
  const pools: GuardedPool[] = [];
  const listeners: NotificationListener[] = [];
  const open = (extra: PoolConfig, translate: (error: unknown) => unknown): GuardedPool => {
    const pool = new GuardedPool(new Pool({ ...config, ...extra }), translate);
    pools.push(pool);
    return pool;
  };
  return {
    kind: 'postgres',
    pool: open({ max: 8 }, recordsError),
    queuePool: () => open({ max: 6, options: '-c search_path=bullmq' }, queueError),
    async listen(channel, listener) {
      const listening = new NotificationListener(config, channel, listener);
      try {
        await listening.connect();
      } catch (error) {
        throw recordsError(error);
      }
      listeners.push(listening);
    },
    // Its autovacuum does.
    async vacuum() {},
    async close() {
      await Promise.all(listeners.map((listening) => listening.close()));
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
}
