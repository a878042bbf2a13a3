/** A question that the prober asks again and again. */
export interface Probe {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** Milliseconds between an answer and the next question. */
  readonly everyMs: number;
}

/** The milliseconds of each answer, by the name of the probe. */
export type ProbeTimes = Readonly<Record<string, readonly number[]>>;
