import type { TracingOptions } from './opentelemetry.ts';
import { type Tracing, untraced } from './tracing.ts';

/** Tracing where it is wanted. OpenTelemetry is loaded then alone: it is 60 modules that most processes have no use for. */
export async function openTracing(wanted: boolean, options: TracingOptions): Promise<Tracing> {
  if (!wanted) return untraced;
  const { openTelemetry } = await import('./opentelemetry.ts');
  return openTelemetry(options);
}
