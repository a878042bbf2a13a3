import type { Config, Environment } from './settings.ts';

export type SecretSettings = Pick<
  Config,
  'adminKey' | 'apiKey' | 'hubToken' | 'webhookSecret' | 'postgresUrl' | 'redisUrl' | 's3Endpoint'
>;

/** Below this many characters a text is not looked for: it would stand in half of all words. */
const shortest = 6;

/** What `secretsOf` finds. */
export function findSecrets(config: SecretSettings, environment: Environment): readonly string[] {
  const { adminKey, apiKey, hubToken, webhookSecret, postgresUrl, redisUrl, s3Endpoint } = config;
  const { AWS_SECRET_ACCESS_KEY: s3Secret, AWS_SESSION_TOKEN: s3Token } = environment;
  const own = [adminKey, apiKey, hubToken, webhookSecret, s3Secret, s3Token];
  const urls = [postgresUrl, redisUrl, s3Endpoint];
  const headers = [environment['OTEL_EXPORTER_OTLP_HEADERS'], environment['OTEL_EXPORTER_OTLP_TRACES_HEADERS']];
  const found = [...own, ...urls.flatMap(passwordsOf), ...headers.flatMap(headerValues)];
  return [...new Set(found.map((text) => text ?? ''))].filter((text) => text.length >= shortest);
}

/** The password of a URL as it stands there, and as it is meant. */
function passwordsOf(url: string | null): readonly string[] {
  const password = url !== null && URL.canParse(url) ? new URL(url).password : '';
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
