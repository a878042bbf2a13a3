import { isInBackground } from './background.ts';

/** Turns that go before one of the background: that it never waits for ever, however many come. */
const patience = 20;

/**
 * Lets one at a time through, in the order of asking, but for work in the background: that lets others go first, though no
 * more than some for each of its turns.
 */
export class SessionGate {
  readonly #waiting: (() => void)[] = [];
  readonly #inBackground: (() => void)[] = [];
  #taken = false;
  /** Turns that went before the background work that waits. */
  #before = 0;

  /** Resolves when it is the caller's turn, with the function that ends the turn. */
  async enter(): Promise<() => void> {
    if (this.#taken) {
      const queue = isInBackground() ? this.#inBackground : this.#waiting;
      await new Promise<void>((resolve) => queue.push(resolve));
    }
    this.#taken = true;
    let left = false;
    return () => {
      if (!left) this.#next();
      left = true;
    };
  }

  /** Takes a turn for one piece of work. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const leave = await this.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Whoever comes next has the turn from here on, so that nobody comes between. */
  #next(): void {
    const isBackgroundsTurn = this.#waiting.length === 0 || this.#before >= patience;
    const next = (isBackgroundsTurn ? this.#inBackground.shift() : undefined) ?? this.#waiting.shift();
    if (next === undefined) {
      this.#taken = false;
      return;
    }
    this.#before = isBackgroundsTurn || this.#inBackground.length === 0 ? 0 : this.#before + 1;
    next();
  }
}
