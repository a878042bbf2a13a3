/** Work of at most about one evaluation of a network. */
interface Piece {
  /** When it could first be done, in milliseconds of the loop's clock. */
  readonly since: number;
  readonly run: () => Promise<void>;
}

/** What has its own order of pieces: the denoise loop. */
export interface Evaluations {
  /** Of that whose turn it is: since when it waits, and whether it had better wait for its networks. Null where there is none. */
  next(): { readonly since: number; readonly ready: boolean } | null;
  /** Does it. */
  run(): Promise<void>;
}

/**
 * Does pieces of work one at a time, the oldest first; evaluations that had better wait for their networks come after all else.
 * Between any two pieces it lets messages in.
 */
export class Pieces {
  readonly #evaluations: Evaluations;
  /** All but the evaluations; oldest first. */
  readonly #waiting: Piece[] = [];
  #working = false;

  constructor(evaluations: Evaluations) {
    this.#evaluations = evaluations;
  }

  add(run: Piece['run'], since = performance.now()): void {
    this.#waiting.push({ since, run });
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (;;) {
      // Sessions run on the event loop's own thread: without this turn no message would ever come in.
      await new Promise(setImmediate);
      const piece = this.#next();
      if (piece === null) break;
      await piece();
    }
    this.#working = false;
  }

  /** Null where nothing is to be done. */
  #next(): Piece['run'] | null {
    const evaluation = this.#evaluations.next();
    const [piece] = this.#waiting;
    if (piece !== undefined && (evaluation === null || !evaluation.ready || piece.since <= evaluation.since)) {
      this.#waiting.shift();
      return piece.run;
    }
    return evaluation === null ? null : async () => await this.#evaluations.run();
  }
}
