import type { Pool, PoolClient } from 'pg';
import { isOutage } from './outage.ts';
import type { EventListener, SqlClient, SqlPool, SqlResult } from './sql-pool.ts';

/** A pg pool whose errors are translated, and whose clients can fail while checked out without ending the process. */
export class GuardedPool implements SqlPool {
  readonly options = { keepAlive: true };
  readonly #pool: Pool;
  readonly #translate: (error: unknown) => unknown;

  constructor(pool: Pool, translate: (error: unknown) => unknown) {
    this.#pool = pool;
    this.#translate = translate;
    // An idle client that drops is replaced at the next use; whoever asks then learns of the outage.
    pool.on('error', () => {});
    // The pool lets go of clients, when it ends for instance, that may still report that their server fell over.
    pool.on('connect', (client) => client.on('error', () => {}));
  }

  async query<R = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<SqlResult<R>> {
    const client = await this.connect();
    try {
      return await client.query<R>(text, parameters);
    } finally {
      client.release();
    }
  }

  async connect(): Promise<SqlClient> {
    try {
      return new GuardedClient(await this.#pool.connect(), this.#translate);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  async end(): Promise<void> {
    if (!this.#pool.ending) {
      await this.#pool.end();
    }
  }

  on(event: string, listener: EventListener): this {
    this.#pool.on(event as 'error', listener);
    return this;
  }

  removeAllListeners(): this {
    return this;
  }
}

class GuardedClient implements SqlClient {
  readonly #client: PoolClient;
  readonly #translate: (error: unknown) => unknown;
  readonly #listeners: { readonly event: string; readonly listener: EventListener }[] = [];
  #broken = false;
  #released = false;

  constructor(client: PoolClient, translate: (error: unknown) => unknown) {
    this.#client = client;
    this.#translate = translate;
    client.on('error', this.#onError);
  }

  readonly #onError = (): void => {
    this.#broken = true;
  };

  async query<R = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<SqlResult<R>> {
    try {
      const result = await this.#client.query(text, parameters === undefined ? undefined : [...parameters]);
      return result as SqlResult<R>;
    } catch (error) {
      this.#broken ||= isOutage(error);
      throw this.#translate(error);
    }
  }

  on(event: string, listener: EventListener): this {
    this.#listeners.push({ event, listener });
    this.#client.on(event as 'error', listener);
    return this;
  }

  removeListener(event: string, listener: EventListener): this {
    this.#client.removeListener(event, listener);
    return this;
  }

  /** Removes the listeners that were added here: pg's pool has its own on the same client. */
  removeAllListeners(event?: string): this {
    for (const added of this.#listeners) {
      if (event === undefined || added.event === event) {
        this.removeListener(added.event, added.listener);
      }
    }
    return this;
  }

  release(destroy = false): void {
    if (this.#released) {
      return;
    }
    this.#released = true;
    this.#client.removeListener('error', this.#onError);
    this.#client.release(destroy || this.#broken);
  }
}
