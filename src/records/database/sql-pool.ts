/**
 * What records and queue need of a database: the part of node-postgres' Pool that Kysely and BullMQ use. PostgreSQL serves
 * it through pg, the embedded database through a session that is shared statement by statement.
 */
export interface SqlPool {
  readonly options: { readonly keepAlive: boolean };
  query<R = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<SqlResult<R>>;
  connect(): Promise<SqlClient>;
  end(): Promise<void>;
  on(event: string, listener: EventListener): this;
  removeAllListeners(event?: string): this;
}

export interface SqlClient {
  query<R = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<SqlResult<R>>;
  on(event: string, listener: EventListener): this;
  removeListener(event: string, listener: EventListener): this;
  removeAllListeners(event?: string): this;
  /** Gives the session back; `true` says that it must not be used again. */
  release(destroy?: boolean): void;
}

/** As node's EventEmitter has it: what is given depends on the event. */
// oxlint-disable-next-line typescript/no-explicit-any
export type EventListener = (...details: any[]) => void;

export interface SqlResult<R> {
  rows: R[];
  rowCount: number | null;
}

/** An open database. */
export interface SqlDatabase {
  readonly kind: 'embedded' | 'postgres';
  /** For records: connection trouble is thrown as ArmatureError `unavailable`. Unqualified names must not be used. */
  readonly pool: SqlPool;
  /**
   * A pool for BullMQ, whose unqualified names resolve in the schema `bullmq`. Connection trouble carries the code
   * ECONNREFUSED, the only one that BullMQ takes for an outage and waits on.
   */
  queuePool(): SqlPool;
  /** Resolves once the channel is listened to. A connection that drops is made anew; what it missed is lost. */
  listen(channel: string, listener: (payload: string) => void): Promise<void>;
  /** See `Records.vacuum`. */
  vacuum(how: 'daily' | 'full'): Promise<void>;
  close(): Promise<void>;
}

/** The queue in the records' own database: what `openQueue` takes. */
export interface SqlQueueEngine {
  readonly kind: 'embedded' | 'postgres';
  readonly pool: SqlPool;
}
