export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** What a process of load.ts is told: `count` requests, taken in turn from `requests`. */
export interface Load {
  readonly address: string;
  readonly connections: number;
  readonly count: number;
  readonly requests: readonly LoadRequest[];
}

export interface LoadResult {
  readonly seconds: number;
  /** How many answers had each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly p99: number;
}
