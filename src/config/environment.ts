import type { Environment } from './settings/setting.ts';

/** The variables of this process. Nothing else in the product reads them. */
export const processEnvironment: Environment = process.env;

/**
 * Whether spans are wanted, by the variables that every program with OpenTelemetry knows: they have to say where to send
 * them. What else those variables say is read by the SDK itself.
 */
export function tracingWanted(environment: Environment = processEnvironment): boolean {
  const { OTEL_SDK_DISABLED: disabled, OTEL_TRACES_EXPORTER: exporter } = environment;
  if (disabled?.toLowerCase() === 'true' || exporter === 'none') return false;
  const endpoints = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
  return endpoints.some((name) => environment[name] !== undefined && environment[name] !== '');
}

/** Has the SDK of AWS, which is yet to be loaded, keep to itself which releases of Node its own later versions will take. */
export function quietAwsSdk(environment: NodeJS.ProcessEnv = process.env): void {
  environment['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
}

/** Whether a stack trace may be shown with an error (ARMATURE_DEBUG=1). */
export function debugging(environment: Environment = processEnvironment): boolean {
  return environment['ARMATURE_DEBUG'] === '1';
}
