import {
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  DiagLogLevel,
  propagation,
  ROOT_CONTEXT,
  type Span as ApiSpan,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { ArmatureError } from '../errors.ts';
import type { OpenSpan, SpanOptions, Tracing } from './tracing.ts';

export interface TracingOptions {
  /** Version of the product. */
  readonly version: string;
  /** What the process does: it is in the resource of each span. */
  readonly role: string;
  /** Told when spans could not be sent. */
  readonly onError: (message: string) => void;
}

/** How long the end of the process waits for the last spans to be sent, in milliseconds. */
const partingMs = 3_000;

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/**
 * Sends spans by OTLP over HTTP, as JSON. The SDK reads its own variables: where to (OTEL_EXPORTER_OTLP_*), which of them
 * (OTEL_TRACES_SAMPLER), under which name (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES), how many at once (OTEL_BSP_*).
 */
export function openTelemetry({ version, role, onError }: TracingOptions): Tracing {
  diag.setLogger(quietLogger(onError), DiagLogLevel.WARN);
  const ours = resourceFromAttributes({
    'service.name': 'armature',
    'service.version': version,
    'armature.role': role,
  });
  const resource = defaultResource()
    .merge(ours)
    .merge(detectResources({ detectors: [envDetector] }));
  const provider = new NodeTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  const tracer = trace.getTracer('armature', version);

  const begin = (name: string, { kind = 'internal', attributes = {}, parent }: SpanOptions): ApiSpan =>
    tracer.startSpan(
      name,
      { kind: kinds[kind], attributes },
      parent === undefined ? context.active() : parentOf(parent),
    );

  return {
    enabled: true,
    async span(name, options, work) {
      const span = begin(name, options);
      try {
        return await context.with(trace.setSpan(context.active(), span), () =>
          work({ set: (attributes) => void span.setAttributes(attributes) }),
        );
      } catch (error) {
        span.setAttribute('error.type', typeOf(error));
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
    start: (name, options) => openSpan(begin(name, options)),
    traceParent: () => traceParentOf(context.active()),
    async close() {
      await Promise.race([provider.shutdown(), parted()]).catch((error: unknown) => onError(String(error)));
    },
  };
}

/** What failed, by OpenTelemetry's convention. Not the message: it may quote a request, and the log has what may be told. */
function typeOf(error: unknown): string {
  if (error instanceof ArmatureError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}

function openSpan(span: ApiSpan): OpenSpan {
  return {
    traceId: span.spanContext().traceId,
    set: (attributes) => void span.setAttributes(attributes),
    run: (work) => context.with(trace.setSpan(context.active(), span), work),
    end(failed) {
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

function parentOf(traceParent: string | null): Context {
  return traceParent === null
    ? ROOT_CONTEXT
    : propagation.extract(ROOT_CONTEXT, { traceparent: traceParent }, defaultTextMapGetter);
}

function traceParentOf(active: Context): string | null {
  const carrier: Record<string, string> = {};
  propagation.inject(active, carrier, defaultTextMapSetter);
  return carrier['traceparent'] ?? null;
}

function quietLogger(onError: (message: string) => void) {
  const say = (message: string, ...details: readonly unknown[]): void =>
    onError([message, ...details].map(String).join(' '));
  return { error: say, warn: say, info() {}, debug() {}, verbose() {} };
}

async function parted(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, partingMs).unref();
  });
}
