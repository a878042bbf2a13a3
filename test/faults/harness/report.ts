/** Figures of a run, and whether they are what they have to be. */
export class Report {
  readonly #lines: { readonly what: string; readonly value: string; readonly ok: boolean; readonly judged: boolean }[] =
    [];

  /** A figure that nothing is required of. */
  figure(what: string, value: number | string): void {
    this.#lines.push({ what, value: written(value), ok: true, judged: false });
  }

  /** A figure that has to be exactly this. */
  exactly(what: string, value: number | string, required: number | string): void {
    const ok = value === required;
    this.#lines.push({
      what,
      value: ok ? written(value) : `${written(value)} (expected ${required})`,
      ok,
      judged: true,
    });
  }

  /** A figure that may not be more than this. */
  atMost(what: string, value: number, most: number): void {
    const ok = value <= most;
    this.#lines.push({ what, value: ok ? written(value) : `${written(value)} (at most ${most})`, ok, judged: true });
  }

  /** A figure that may not be less than this: what was to happen did happen. */
  atLeast(what: string, value: number, least: number): void {
    const ok = value >= least;
    this.#lines.push({ what, value: ok ? written(value) : `${written(value)} (at least ${least})`, ok, judged: true });
  }

  /** What is not as it has to be. Of a run in which nothing was required nothing was shown. */
  get missed(): readonly string[] {
    if (!this.#lines.some(({ judged }) => judged)) return ['nothing was required'];
    return this.#lines.filter(({ ok }) => !ok).map(({ what, value }) => `${what}: ${value}`);
  }

  toString(): string {
    const width = Math.max(...this.#lines.map(({ what }) => what.length));
    return this.#lines.map(({ what, value, ok }) => `${ok ? '  ' : '! '}${what.padEnd(width)}  ${value}`).join('\n');
  }
}

function written(value: number | string): string {
  return typeof value === 'string' || Number.isInteger(value) ? String(value) : value.toFixed(2);
}
