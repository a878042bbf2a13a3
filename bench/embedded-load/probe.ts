/** A question that the prober asks again and again. */
export interface Probe {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** Milliseconds between an answer and the next question. */
  readonly everyMs: number;
  /** What 99 of 100 answers may take at most, in milliseconds. */
  readonly mostMs?: number;
}

/** One answer: its status, 0 where none came, and how long it took. */
export interface ProbeAnswer {
  readonly status: number;
  readonly ms: number;
}

/** The answers since the last report, by the name of the probe. */
export type ProbeAnswers = Readonly<Record<string, readonly ProbeAnswer[]>>;
