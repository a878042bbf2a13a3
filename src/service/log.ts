import { createRequire } from 'node:module';
import { type DestinationStream, type LogFn, type Logger, pino } from 'pino';
import type { PinoPretty } from 'pino-pretty';
import type { Config } from '../config/config.ts';
import { secretKeys, secretsOf } from '../config/secrets.ts';
import { ArmatureError } from '../errors.ts';

/** Fields that are never written, wherever they stand: what people draw, and what opens something, the secret settings too. */
const hidden = new Set<string>([
  ...secretKeys,
  'metadata',
  'headers',
  'authorization',
  'cookie',
  'x-api-key',
  'apiKey',
  'password',
  'secret',
  'token',
  'body',
  'data',
]);

/** A request may have several prompts, each under a name of its own. */
function isHidden(name: string): boolean {
  return hidden.has(name) || /prompt/i.test(name);
}

const deepest = 6;
const longestText = 2000;

/** What secrets look like in a text, and what is left of them. */
const patterns: readonly (readonly [RegExp, string])[] = [
  // The public part of an API key says which it is.
  [/\barm_([0-9A-Za-z]{12})_[0-9A-Za-z]+/g, 'arm_$1_[redacted]'],
  [/\bwhsec_[\w+/=-]+/g, 'whsec_[redacted]'],
  [/\b(Bearer|Basic) +[\w.~+/=-]+/gi, '$1 [redacted]'],
  // User and password of a URL, and its query, which signs a presigned one.
  [/:\/\/[^\s/@"'\\]*@/g, '://[redacted]@'],
  [/(\bhttps?:\/\/[^\s"'?\\]+)\?[^\s"'\\]*/gi, '$1?[redacted]'],
  // What opens a signed address.
  [/([?&]signature=)[\w-]+/g, '$1[redacted]'],
  [/(\bdata:[\w/+.;-]*,)[\w+/=%-]+/gi, '$1[redacted]'],
];

/**
 * The log of a process: one JSON object a line on stdout, or lines for people where that is a terminal. Neither prompts nor pictures nor anything secret gets into it at
 * any level: fields with such names are left out, errors are written without the values that drivers hang on them, and what
 * looks like a secret in a text is replaced.
 */
export function openLog(config: Config, to?: DestinationStream): Logger {
  const known = secretsOf(config).map(asInJson);
  const options = {
    level: config.logLevel,
    serializers: { err: errorFacts },
    formatters: { log: (facts: Record<string, unknown>) => shown(facts, 0) as Record<string, unknown> },
    hooks: { logMethod: sayWhatFailed, streamWrite: (line: string) => withoutSecrets(line, known) },
  };
  return pino(options, to ?? (process.stdout.isTTY ? forPeople() : pino.destination(1)));
}

/** A line an event, with a stack only where nobody expected the error. */
function forPeople(): DestinationStream {
  // Loaded where a person reads: most logs are written for programs.
  const pretty = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  return pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname', sync: true });
}

/** Without a message of its own a line would get the error's, as it is. */
function sayWhatFailed(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const [facts, ...rest] = args as readonly unknown[];
  const err: unknown = facts instanceof Error ? facts : (facts as { readonly err?: unknown } | undefined)?.err;
  if (rest.length > 0 || !(err instanceof Error)) method.apply(this, args);
  else method.call(this, facts instanceof Error ? { err } : facts, messageOf(err));
}

function withoutSecrets(line: string, known: readonly string[]): string {
  let text = line;
  for (const secret of known) text = text.replaceAll(secret, '[redacted]');
  for (const [pattern, replacement] of patterns) text = text.replaceAll(pattern, replacement);
  return text;
}

/** A text as it stands inside a string of JSON. */
function asInJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Errors are left to their serializer. */
function shown(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.length > longestText ? `${value.slice(0, longestText)}...` : value;
  if (typeof value !== 'object' || value === null || value instanceof Error || value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (depth === deepest) return '[deep]';
  if (Array.isArray(value)) return value.map((each) => shown(each, depth + 1));
  const entries = Object.entries(value).map(([name, inner]) => [
    name,
    isHidden(name) ? '[redacted]' : shown(inner, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

interface ErrorFacts {
  readonly type: string;
  readonly code?: unknown;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly cause?: ErrorFacts;
}

/** Of an error its name, code, message, stack and causes; not the query, command or row that a driver adds. */
function errorFacts(error: unknown, depth = 0): ErrorFacts {
  if (!(error instanceof Error)) return { type: typeof error, message: 'Something was thrown that is no error.' };
  const code = 'code' in error ? { code: error.code } : {};
  const cause = error.cause === undefined || depth === deepest ? {} : { cause: errorFacts(error.cause, depth + 1) };
  // An error of ours says what was expected, what came and what to do: where it was thrown tells nothing beyond that.
  const stack = error instanceof ArmatureError ? {} : { stack: stackOf(error) };
  return { type: error.name, ...code, message: messageOf(error), ...stack, ...cause };
}

/** A parser quotes what it could not parse. */
function messageOf(error: Error): string {
  if (error instanceof SyntaxError) return 'What should have been JSON cannot be parsed.';
  return String(shown(error.message, 0));
}

/** The places alone: the first lines of a stack repeat the message. */
function stackOf({ stack }: Error): string | undefined {
  return stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
