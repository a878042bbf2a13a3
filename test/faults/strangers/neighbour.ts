/** A client that asks all the time, while others mean harm. It reads the clock of its own process, which does nothing else. */
export class Neighbour {
  readonly #leaving = new AbortController();
  readonly #asking: Promise<void>;
  #slowestMs = 0;
  #asked = 0;
  #refused = 0;

  constructor(address: string, headers: Readonly<Record<string, string>>) {
    this.#asking = this.#ask(address, headers);
  }

  /** How many requests it made, the slowest answer that it got, and how many of its requests had none or a bad one. */
  async leave(): Promise<{ readonly asked: number; readonly slowestMs: number; readonly refused: number }> {
    this.#leaving.abort();
    await this.#asking;
    return { asked: this.#asked, slowestMs: this.#slowestMs, refused: this.#refused };
  }

  async #ask(address: string, headers: Readonly<Record<string, string>>): Promise<void> {
    while (!this.#leaving.signal.aborted) {
      for (const path of ['/livez', '/v1/generations?limit=1']) {
        const startedAt = performance.now();
        const ok = await fetch(new URL(path, address), { headers }).then(
          async (response) => {
            await response.arrayBuffer();
            return response.ok;
          },
          () => false,
        );
        this.#asked += 1;
        if (!ok) this.#refused += 1;
        this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt);
      }
    }
  }
}
