interface Waiting {
  readonly alone: boolean;
  readonly enter: () => void;
}

/**
 * Lets jobs into the device together, or one by itself: a job that was in the device when it died may have killed it, and
 * is kept apart from those that it would take along. In the order of their coming, so that neither kind waits without end.
 */
export class DeviceGate {
  #inside = 0;
  #oneAlone = false;
  #waiting: Waiting[] = [];

  /** Runs `work` when its turn comes. Rejects with the reason of `signal` where that aborts before. */
  async run<T>(alone: boolean, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(alone, signal);
    try {
      return await work();
    } finally {
      this.#inside -= 1;
      this.#oneAlone = false;
      this.#admit();
    }
  }

  async #enter(alone: boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(signal.reason as Error);
        this.#admit();
      };
      const enter = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const waiting: Waiting = { alone, enter };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiting);
      this.#admit();
    });
  }

  #admit(): void {
    for (let [next] = this.#waiting; next !== undefined && this.#hasRoom(next); [next] = this.#waiting) {
      this.#waiting.shift();
      this.#inside += 1;
      this.#oneAlone = next.alone;
      next.enter();
    }
  }

  #hasRoom({ alone }: Waiting): boolean {
    return this.#inside === 0 || !(alone || this.#oneAlone);
  }
}
