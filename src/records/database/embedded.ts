import { ArmatureError } from '../../errors.ts';
import { DatabaseThread } from './database-thread.ts';
import { EmbeddedClient } from './embedded-client.ts';
import { findDatabase, openingError, statementError } from './embedded-damage.ts';
import { recordsError } from './outage.ts';
import { SessionGate } from './session-gate.ts';
import type { SqlDatabase, SqlPool, SqlResult } from './sql-pool.ts';
import { cheapStatistics, startUpkeep, vacuumAll } from './upkeep.ts';

/**
 * Opens PGlite (PostgreSQL in WebAssembly) on a folder, in a thread of its own. The caller holds the lock of the folder: two
 * openers destroy it. The first opening of a folder takes seconds (initdb), later ones well under one. It survives the death
 * of the process, not of the power: it does not wait for the disk. `abandoned` ends it as such a death would.
 *
 * @throws ArmatureError `data_damaged`, `invalid_config`, `storage_full`, `unavailable`: see embedded-damage.ts; `cancelled` where it was abandoned
 */
export async function openEmbedded(folder: string, abandoned?: AbortSignal): Promise<SqlDatabase> {
  const pool = await EmbeddedPool.open(folder, abandoned);
  // Records qualify their names, so the session's search path can be BullMQ's for good.
  await pool.query(`SET search_path TO bullmq; ${cheapStatistics}`);
  const upkeep = startUpkeep(pool);
  return {
    kind: 'embedded',
    pool,
    queuePool: () => pool,
    async listen(channel, listener) {
      const client = await pool.connect();
      client.on('notification', (message: { channel: string; payload: string }) => {
        if (message.channel === channel) {
          listener(message.payload);
        }
      });
      await client.query(`LISTEN ${channel}`);
    },
    vacuum: (how) => vacuumAll(pool, how),
    async close() {
      await upkeep.close();
      await pool.shutDown();
    },
  };
}

class EmbeddedPool implements SqlPool {
  readonly options = { keepAlive: true };
  readonly #thread: DatabaseThread;
  readonly #gate = new SessionGate();
  readonly #clients: Set<EmbeddedClient>;
  #closed = false;

  private constructor(thread: DatabaseThread, clients: Set<EmbeddedClient>) {
    this.#thread = thread;
    this.#clients = clients;
  }

  static async open(folder: string, abandoned?: AbortSignal): Promise<EmbeddedPool> {
    const clients = new Set<EmbeddedClient>();
    const found = await findDatabase(folder);
    const onNotification = (channel: string, payload: string): void => {
      for (const client of clients) client.emit('notification', { channel, payload });
    };
    try {
      return new EmbeddedPool(await DatabaseThread.open(folder, onNotification, abandoned), clients);
    } catch (error) {
      throw await openingError(folder, found, error);
    }
  }

  query<R = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<SqlResult<R>> {
    return this.#gate.run(() => this.#run<R>(text, parameters));
  }

  async connect(): Promise<EmbeddedClient> {
    const client = new EmbeddedClient(
      this.#gate,
      (text, parameters) => this.#run(text, parameters),
      (released) => this.#clients.delete(released),
    );
    this.#clients.add(client);
    return client;
  }

  /** The session is shared: no single user of it may end it. */
  async end(): Promise<void> {}

  on(): this {
    return this;
  }

  removeAllListeners(): this {
    return this;
  }

  async shutDown(): Promise<void> {
    await this.#gate.run(async () => {
      if (!this.#closed) {
        this.#closed = true;
        await this.#thread.close();
      }
    });
  }

  async #run<R>(text: string, parameters: readonly unknown[] = []): Promise<SqlResult<R>> {
    if (this.#closed) {
      throw new ArmatureError('unavailable', 'The embedded database is closed: the process is ending.');
    }
    try {
      const { rows, affectedRows } = await this.#thread.run(text, parameters);
      return { rows: rows as R[], rowCount: rows.length === 0 ? affectedRows : rows.length };
    } catch (error) {
      throw statementError(recordsError(error));
    }
  }
}
