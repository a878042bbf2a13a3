import { processEnvironment } from './environment.ts';
import type { Environment } from './settings/setting.ts';
import { type Config, settingKeys, settings } from './settings/settings.ts';

/** Below this many characters a text is not looked for: it would stand in half of all words. */
const shortest = 6;

/** The settings whose values are secrets as a whole. */
export const secretKeys = settingKeys.filter((key) => settings[key].secret === 'whole');

/**
 * All that opens something in the settings, and in the variables that the SDKs of S3 and OpenTelemetry read by themselves.
 * Whatever writes about the process leaves it out, also where a library quotes it.
 */
export function secretsOf(config: Config, environment: Environment = processEnvironment): readonly string[] {
  const { AWS_SECRET_ACCESS_KEY: s3Secret, AWS_SESSION_TOKEN: s3Token } = environment;
  const own = [...valuesOf(config, 'whole'), s3Secret, s3Token];
  const urls = valuesOf(config, 'password');
  const headers = [environment['OTEL_EXPORTER_OTLP_HEADERS'], environment['OTEL_EXPORTER_OTLP_TRACES_HEADERS']];
  const found = [...own, ...urls.flatMap(passwordsOf), ...headers.flatMap(headerValues)];
  return [...new Set(found.map((text) => text ?? ''))].filter((text) => text.length >= shortest);
}

/** Those settings whose rows say that they are secret in this way. */
function valuesOf(config: Config, secret: 'whole' | 'password'): readonly string[] {
  const values = settingKeys.filter((key) => settings[key].secret === secret).map((key) => config[key]);
  return values.filter((value) => typeof value === 'string');
}

/** The password of a URL as it stands there, and as it is meant. */
function passwordsOf(url: string): readonly string[] {
  const password = URL.canParse(url) ? new URL(url).password : '';
  return [password, decoded(password)];
}

/** Values of `name=value,name=value`, as they stand there and as they are meant. */
function headerValues(headers: string | undefined): readonly string[] {
  const values = (headers ?? '').split(',').map((pair) => pair.slice(pair.indexOf('=') + 1).trim());
  return values.flatMap((value) => [value, decoded(value).trim()]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
