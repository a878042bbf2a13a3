/**
 * Spans of a trace, by W3C Trace Context. The one that is in force is known to everything that runs inside `span` and `run`,
 * so that spans nest without being handed on.
 */
export interface Tracing {
  /** Whether anyone wants spans: where not, all of this does nothing. */
  readonly enabled: boolean;
  /** Runs `work` as a span; the kind of what it throws is noted in the span, and it is thrown on. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
  /** Starts a span that is ended by hand. It is in force inside its `run` alone. */
  start(name: string, options: SpanOptions): OpenSpan;
  /** The span in force as a `traceparent` header; null where there is none. */
  traceParent(): string | null;
  /** Sends what has not been sent yet, within seconds. */
  close(): Promise<void>;
}

export interface SpanOptions {
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes?: SpanAttributes;
  /** A `traceparent` header; by default the span in force, or none. What is no traceparent starts a trace of its own. */
  readonly parent?: string | null;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  set(attributes: SpanAttributes): void;
}

export interface OpenSpan extends Span {
  readonly traceId: string | null;
  run<T>(work: () => T): T;
  /** `failed` says that it did not end well. */
  end(failed: boolean): void;
}

const noSpan: OpenSpan = {
  traceId: null,
  set() {},
  run: (work) => work(),
  end() {},
};

/** No tracing: what a process has that was not told where to send spans. */
export const untraced: Tracing = {
  enabled: false,
  span: async (_name, _options, work) => await work(noSpan),
  start: () => noSpan,
  traceParent: () => null,
  async close() {},
};

/** The trace that a traceparent belongs to, for logs. */
export function traceIdOf(traceParent: string | null): string | null {
  return traceParent?.split('-')[1] ?? null;
}
