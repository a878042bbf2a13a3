/** What has been opened, to be closed in the opposite order. */
export class Closing {
  readonly #steps: (() => Promise<void>)[] = [];

  /** Remembers how `part` is closed and hands it back. */
  add<Part extends { close(): Promise<void> }>(part: Part): Part {
    this.#steps.push(async () => await part.close());
    return part;
  }

  /** Closes everything, also where some of it fails to, and then throws the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
