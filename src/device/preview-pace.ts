/** Previews of a job in any second. */
const mostASecond = 4;

/** When previews of one drawing may come: at most four in any second. */
export class PreviewPace {
  /** Times of the newest ones, in milliseconds, oldest first. */
  readonly #shown: number[] = [];

  /** Whether one may come at `now`, which then counts. */
  take(now: number): boolean {
    const [oldest] = this.#shown;
    if (this.#shown.length === mostASecond && oldest !== undefined && now - oldest < 1000) return false;
    this.#shown.push(now);
    if (this.#shown.length > mostASecond) this.#shown.shift();
    return true;
  }
}
