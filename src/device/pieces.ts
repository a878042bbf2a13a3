/** Work of at most about one evaluation of a network. */
interface Piece {
  /** When it could first be done, in milliseconds of the loop's clock. */
  readonly since: number;
  /** Begins it, or lets it go on; whoever has the turn ends it by {@link Pieces.#end}. */
  readonly go: () => void;
}

/** What has its own order of pieces: the denoise loop. */
export interface Evaluations {
  /** Of that whose turn it is: since when it waits, and whether it had better wait for its networks. Null where there is none. */
  next(): { readonly since: number; readonly ready: boolean } | null;
  /** Does it. */
  run(): Promise<void>;
}

const noEvaluations: Evaluations = { next: () => null, run: async () => {} };

/**
 * Does pieces of work one at a time, the oldest first; evaluations that had better wait for their networks come after all else.
 * Between any two pieces it lets messages in. A piece that waits for what others do, a network that a thread loads, goes aside meanwhile. What another piece
 * is making none waits for in its turn: the other one may have gone aside, and waits for that turn.
 */
export class Pieces {
  #evaluations = noEvaluations;
  /** All but the evaluations that have not begun; oldest first. */
  readonly #waiting: Piece[] = [];
  /** Of the piece whose turn it is. */
  #since = 0;
  #end = (): void => {};
  /** How many pieces have gone aside. */
  #aside = 0;
  #working = false;

  /** From now on there are evaluations between the other pieces. */
  serve(evaluations: Evaluations): void {
    this.#evaluations = evaluations;
  }

  /** The piece fails nobody: it throws nothing. */
  add(run: () => Promise<void>, since = performance.now()): void {
    this.#queue(
      begun(run, () => this.#end()),
      since,
    );
  }

  /** Of the piece whose turn it is: others have theirs while it waits. It goes on in its place among them. One that runs has one such wait at a time. */
  readonly aside = async <Result>(wait: () => Promise<Result>): Promise<Result> => {
    const since = this.#since;
    this.#aside++;
    this.#end();
    try {
      return await wait();
    } finally {
      await new Promise<void>((resolve) => this.#queue(resolve, since));
      this.#aside--;
    }
  };

  #queue(go: () => void, since: number): void {
    const later = this.#waiting.findIndex((piece) => piece.since > since);
    this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, { since, go });
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (;;) {
      // Sessions run on the event loop's own thread: without this turn no message would ever come in.
      await new Promise(setImmediate);
      const piece = this.#next();
      if (piece === null) break;
      this.#since = piece.since;
      await new Promise<void>((resolve) => {
        this.#end = resolve;
        piece.go();
      });
    }
    this.#working = false;
  }

  /** Null where nothing is to be done. */
  #next(): Piece | null {
    const evaluation = this.#evaluations.next();
    const [piece] = this.#waiting;
    if (piece !== undefined && (evaluation === null || !evaluation.ready || piece.since <= evaluation.since)) {
      this.#waiting.shift();
      return piece;
    }
    // What waits for its networks does not take those of a piece that has gone aside for them.
    if (evaluation === null || (!evaluation.ready && this.#aside > 0)) return null;
    return {
      since: evaluation.since,
      go: begun(
        async () => await this.#evaluations.run(),
        () => this.#end(),
      ),
    };
  }
}

function begun(run: () => Promise<void>, end: () => void): () => void {
  return () => {
    void run().finally(end);
  };
}
