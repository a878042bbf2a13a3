import { EventEmitter } from 'node:events';
import type { SessionGate } from './session-gate.ts';
import type { SqlClient, SqlResult } from './sql-pool.ts';

const begins = /^\s*(begin|start\s+transaction)\b/i;
const ends = /^\s*(commit|end|abort|rollback(?!\s+to\b))\b/i;

export type RunStatement = <R>(text: string, parameters?: readonly unknown[]) => Promise<SqlResult<R>>;

/**
 * A client of the embedded database's only session. Its statements wait their turn one by one; from BEGIN to COMMIT or
 * ROLLBACK it has the session to itself. So a client that only listens never keeps others waiting.
 */
export class EmbeddedClient extends EventEmitter implements SqlClient {
  readonly #gate: SessionGate;
  readonly #run: RunStatement;
  readonly #onRelease: (client: EmbeddedClient) => void;
  #leave: (() => void) | null = null;

  constructor(gate: SessionGate, run: RunStatement, onRelease: (client: EmbeddedClient) => void) {
    super();
    this.setMaxListeners(0);
    this.#gate = gate;
    this.#run = run;
    this.#onRelease = onRelease;
  }

  async query<R = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<SqlResult<R>> {
    if (this.#leave === null && !begins.test(text)) {
      return this.#gate.run(() => this.#run<R>(text, parameters));
    }
    const first = this.#leave === null;
    this.#leave ??= await this.#gate.enter();
    let failed = true;
    try {
      const result = await this.#run<R>(text, parameters);
      failed = false;
      return result;
    } finally {
      if (ends.test(text) || (first && failed)) {
        this.#endTurn();
      }
    }
  }

  release(): void {
    this.removeAllListeners();
    this.#onRelease(this);
    if (this.#leave !== null) {
      void this.#rollBack();
    }
  }

  /** Released in mid-transaction: the session must be clean before the next client gets it. */
  async #rollBack(): Promise<void> {
    try {
      await this.#run('ROLLBACK');
    } catch {
      // A session that can't roll back is closed, and says so to the next client.
    } finally {
      this.#endTurn();
    }
  }

  #endTurn(): void {
    this.#leave?.();
    this.#leave = null;
  }
}
