import { availableParallelism, homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { signingSecretForm } from '../generation/signing-secret.ts';
import { usableMemory } from './memory.ts';
import {
  byteSize,
  flagValue,
  host,
  integer,
  keyPrefix,
  many,
  network,
  one,
  oneOf,
  origin,
  type Parse,
  path,
  secret,
  signingSecret,
  text,
  url,
  urlOfServer,
} from './values.ts';

/** All that can be set from outside, resolved: nothing else in the product reads flags or the environment. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Port on which a worker answers for its health and its metrics; null for none. */
  readonly metricsPort: number | null;
  /** Absolute path of the folder that keeps records, objects, compiled graphs and models. */
  readonly data: string;
  /** Further folders with models, absolute, in the order given. */
  readonly models: readonly string[];
  /** Id of the base model that a request gets which names none. */
  readonly model: string;
  readonly postgresUrl: string | null;
  readonly redisUrl: string | null;
  /** Bucket of the object store; null keeps objects in files below `data`. */
  readonly s3Bucket: string | null;
  /** What all keys in the bucket begin with, without a slash at either end. */
  readonly s3Prefix: string;
  readonly s3Region: string;
  /** Null for Amazon's own. */
  readonly s3Endpoint: string | null;
  /** Null: where an endpoint is given. */
  readonly s3ForcePathStyle: boolean | null;
  /** Days for which ended jobs and unused uploads are kept; 0 is for ever. */
  readonly retentionDays: number;
  /** Bytes of results, inputs and uploads beyond which the oldest jobs go; 0 is any number. */
  readonly retentionSize: number;
  readonly provider: Provider;
  readonly deviceId: number;
  readonly threads: number;
  /** Bytes. */
  readonly memoryBudget: number;
  readonly maxRows: number;
  /** Seconds that jobs get to end in when the process is told to stop. */
  readonly grace: number;
  /** Seconds of drawing between two checkpoints of a job; 0 makes none. */
  readonly checkpointEvery: number;
  /** Seconds without a sign of life after which a worker's jobs go to another. */
  readonly claim: number;
  /** Items of one batch. */
  readonly maxBatchItems: number;
  /** Pixel steps of one batch. */
  readonly maxBatchCost: number;
  /** Jobs of one tenant that are in the queue or running. */
  readonly tenantWindow: number;
  /** Jobs of all tenants that are in the queue or running. */
  readonly queueWindow: number;
  /** Origin (and path) under which clients reach the server, without a trailing slash. */
  readonly publicUrl: string | null;
  readonly corsOrigin: readonly string[];
  readonly allowAnonymous: boolean;
  /** Whether outputs carry the text of what they were made with, where the request does not say. */
  readonly embedParameters: boolean;
  /** A key with every scope that stands in no record. */
  readonly adminKey: string | null;
  /** Requests per minute and key (or address, without one) that make or change something; null is no limit. */
  readonly submissionsPerMinute: number | null;
  /** The same for all other requests. */
  readonly readsPerMinute: number | null;
  /** Jobs that may wait, of all tenants. */
  readonly maxQueued: number;
  readonly maxQueuedPerTenant: number;
  /** Bytes of request bodies that are held at the same moment. */
  readonly bodyMemory: number;
  /** Addresses and networks of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxy: readonly string[];
  /** The key that commands show to a running server. */
  readonly apiKey: string | null;
  /** Signs webhooks whose request brings no secret of its own. */
  readonly webhookSecret: string | null;
  /** Hosts and networks that requests may have fetched from although they are not public. */
  readonly allowFetch: readonly string[];
  /** Model hub, without a trailing slash. */
  readonly hub: string;
  readonly hubToken: string | null;
  readonly logLevel: LogLevel;
  /** A running server that commands such as `jobs` talk to, without a trailing slash. */
  readonly server: string;
}

export const providers = ['auto', 'cpu', 'cuda'] as const;
export type Provider = (typeof providers)[number];
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export type Environment = Readonly<Record<string, string | undefined>>;
/** Flags as the command line gives them, by the setting's key; a repeatable one as an array. */
export type Flags = Readonly<Partial<Record<keyof Config, string | boolean | readonly string[]>>>;

/** One row of the table of settings. */
export interface Setting<Value = unknown> {
  /** Long flag without dashes; its variable is ARMATURE_ and the same in capitals. */
  readonly flag: string;
  /** Placeholder of the flag's argument; absent for a switch. */
  readonly argument?: string;
  readonly description: string;
  /** Further environment variables, asked after the setting's own. */
  readonly aliases?: readonly string[];
  /** Present where the flag may be given several times; in the environment the values are joined by it. */
  readonly separator?: string;
  /** Throws a Mismatch that says what was expected. */
  readonly parse: Parse<Value>;
  readonly fallback: (environment: Environment) => Value;
  /** The default in words, for --help, where it depends on the machine. */
  readonly fallbackText?: string;
}

export const settings: { readonly [Key in keyof Config]: Setting<Config[Key]> } = {
  host: {
    flag: 'host',
    argument: 'address',
    description: 'address to listen on',
    parse: one(host),
    fallback: () => '127.0.0.1',
  },
  port: {
    flag: 'port',
    argument: 'number',
    description: 'port to listen on; 0 takes any free one',
    aliases: ['PORT'],
    parse: one((value) => integer(value, 0, 65535)),
    fallback: () => 7860,
  },
  metricsPort: {
    flag: 'metrics-port',
    argument: 'number',
    description: 'port on which a worker answers /livez, /readyz and /metrics, at --host; 0 takes any free one',
    parse: one((value) => integer(value, 0, 65535)),
    fallback: () => null,
    fallbackText: 'none',
  },
  data: {
    flag: 'data',
    argument: 'dir',
    description: 'folder for records, results and models',
    parse: one(path),
    fallback: platformDataFolder,
    fallbackText: './data if it is one, else $XDG_DATA_HOME/armature or ~/.armature',
  },
  models: {
    flag: 'models',
    argument: 'dir',
    description: 'further folder with models (repeatable)',
    separator: delimiter,
    parse: many(path),
    fallback: () => [],
  },
  model: {
    flag: 'model',
    argument: 'id',
    description: 'base model of requests that name none',
    parse: one(text),
    fallback: () => 'diorama',
  },
  postgresUrl: {
    flag: 'postgres-url',
    argument: 'url',
    description: 'PostgreSQL for the records instead of the embedded database',
    aliases: ['DATABASE_URL'],
    parse: one((value) => urlOfServer(value, ['postgres:', 'postgresql:'])),
    fallback: () => null,
  },
  redisUrl: {
    flag: 'redis-url',
    argument: 'url',
    description: 'Redis for the queue',
    aliases: ['REDIS_URL'],
    parse: one((value) => urlOfServer(value, ['redis:', 'rediss:'])),
    fallback: () => null,
  },
  s3Bucket: {
    flag: 's3-bucket',
    argument: 'name',
    description: 'bucket for the results instead of the data folder',
    parse: one(text),
    fallback: () => null,
  },
  s3Prefix: {
    flag: 's3-prefix',
    argument: 'text',
    description: 'what all keys in the bucket begin with',
    parse: one(keyPrefix),
    fallback: () => '',
  },
  s3Region: {
    flag: 's3-region',
    argument: 'name',
    description: 'region of the bucket',
    aliases: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    parse: one(text),
    fallback: () => 'us-east-1',
  },
  s3Endpoint: {
    flag: 's3-endpoint',
    argument: 'url',
    description: "server that speaks S3, instead of Amazon's",
    aliases: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
    parse: one((value) => urlOfServer(value, ['http:', 'https:'])),
    fallback: () => null,
  },
  s3ForcePathStyle: {
    flag: 's3-force-path-style',
    argument: 'on|off',
    description: "the bucket in the address's path instead of its host name",
    parse: one(flagValue),
    fallback: () => null,
    fallbackText: 'on with --s3-endpoint',
  },
  retentionDays: {
    flag: 'retention-days',
    argument: 'number',
    description: 'days after which jobs that have ended are deleted, and uploads that nobody uses; 0 keeps them',
    parse: one((value) => integer(value, 0, 36_500)),
    fallback: () => 30,
  },
  retentionSize: {
    flag: 'retention-size',
    argument: 'size',
    description: 'room for results and pictures: beyond it the jobs that ended first are deleted; 0 is any number',
    parse: one((value) => (value.trim() === '0' ? 0 : byteSize(value))),
    fallback: () => 20 * 2 ** 30,
    fallbackText: '20GB',
  },
  provider: {
    flag: 'provider',
    argument: 'name',
    description: 'execution provider: cpu, cuda, or auto, which tries cuda first',
    parse: one((value) => oneOf(value, providers)),
    fallback: () => 'auto',
  },
  deviceId: {
    flag: 'device-id',
    argument: 'number',
    description: 'which GPU',
    parse: one((value) => integer(value, 0, 255)),
    fallback: () => 0,
  },
  threads: {
    flag: 'threads',
    argument: 'number',
    description: 'threads of the CPU provider',
    parse: one((value) => integer(value, 1, 1024)),
    fallback: () => availableParallelism(),
    fallbackText: 'one a core',
  },
  memoryBudget: {
    flag: 'memory-budget',
    argument: 'size',
    description: 'memory for weights and activations, such as 6GB',
    parse: one(byteSize),
    fallback: () => Math.floor(usableMemory() / 2),
    fallbackText: "half of the machine, or of the container's limit",
  },
  maxRows: {
    flag: 'max-rows',
    argument: 'number',
    description: 'most rows in one batched step; guidance doubles the rows of a picture',
    parse: one((value) => integer(value, 2, 1024)),
    fallback: () => 16,
  },
  maxBatchItems: {
    flag: 'max-batch-items',
    argument: 'number',
    description: 'most items of one batch',
    parse: one((value) => integer(value, 1, 1_000_000)),
    fallback: () => 10_000,
  },
  maxBatchCost: {
    flag: 'max-batch-cost',
    argument: 'number',
    description: 'most that one batch may cost, in width x height x steps x pictures',
    parse: one((value) => integer(value, 1, Number.MAX_SAFE_INTEGER)),
    fallback: () => 1e12,
  },
  tenantWindow: {
    flag: 'tenant-window',
    argument: 'number',
    description: 'most jobs of one tenant that are in the queue or running; the others wait their turn',
    parse: one((value) => integer(value, 1, 10_000)),
    fallback: () => 32,
  },
  queueWindow: {
    flag: 'queue-window',
    argument: 'number',
    description: 'the same for all tenants together; at least what all workers draw at once',
    parse: one((value) => integer(value, 1, 100_000)),
    fallback: () => 64,
  },
  grace: {
    flag: 'grace',
    argument: 'seconds',
    description: 'time in which jobs may end when the process is told to stop; what is not done then goes to another',
    parse: one((value) => integer(value, 0, 3600)),
    fallback: () => 20,
  },
  checkpointEvery: {
    flag: 'checkpoint-every',
    argument: 'seconds',
    description: 'drawing time between two checkpoints of a job; 0 makes none',
    parse: one((value) => integer(value, 0, 3600)),
    fallback: () => 10,
  },
  claim: {
    flag: 'claim',
    argument: 'seconds',
    description: "time without a sign of life after which a worker's jobs go to another",
    parse: one((value) => integer(value, 2, 3600)),
    fallback: () => 30,
  },
  publicUrl: {
    flag: 'public-url',
    argument: 'url',
    description: 'address under which clients reach the server, for the links in answers',
    parse: one((value) => url(value, ['http:', 'https:']).replace(/\/+$/, '')),
    fallback: () => null,
  },
  corsOrigin: {
    flag: 'cors-origin',
    argument: 'origin',
    description: 'origin whose pages may call the API, or * (repeatable)',
    separator: ',',
    parse: many(origin),
    fallback: () => [],
  },
  allowAnonymous: {
    flag: 'allow-anonymous',
    description: 'serve whoever shows no API key, also beyond loopback',
    parse: one(flagValue),
    fallback: () => false,
  },
  embedParameters: {
    flag: 'embed-parameters',
    argument: 'on|off',
    description: 'whether outputs carry the prompt and their other parameters as text, where the request does not say',
    parse: one(flagValue),
    fallback: () => true,
    fallbackText: 'on',
  },
  adminKey: {
    flag: 'admin-key',
    argument: 'key',
    description:
      'key with every scope, of 32 characters or more; give it by its variable, where no process list shows it',
    parse: one(secret),
    fallback: () => null,
  },
  submissionsPerMinute: {
    flag: 'submissions-per-minute',
    argument: 'number',
    description: 'requests that make or change something, of one key or, without keys, one address',
    parse: one((value) => integer(value, 1, 1_000_000)),
    fallback: () => null,
    fallbackText: 'no limit',
  },
  readsPerMinute: {
    flag: 'reads-per-minute',
    argument: 'number',
    description: 'other requests, of one key or, without keys, one address',
    parse: one((value) => integer(value, 1, 1_000_000)),
    fallback: () => null,
    fallbackText: 'no limit',
  },
  maxQueued: {
    flag: 'max-queued',
    argument: 'number',
    description: 'jobs that may wait',
    parse: one((value) => integer(value, 1, 10_000_000)),
    fallback: () => 100_000,
  },
  maxQueuedPerTenant: {
    flag: 'max-queued-per-tenant',
    argument: 'number',
    description: 'jobs of one tenant that may wait',
    parse: one((value) => integer(value, 1, 10_000_000)),
    fallback: () => 20_000,
  },
  bodyMemory: {
    flag: 'body-memory',
    argument: 'size',
    description: 'memory for the bodies of requests that arrive at the same time',
    parse: one(byteSize),
    fallback: () => 256 * 2 ** 20,
    fallbackText: '256MB',
  },
  trustedProxy: {
    flag: 'trusted-proxy',
    argument: 'address',
    description: 'proxy whose X-Forwarded-For is believed: an address or a network such as 10.0.0.0/8 (repeatable)',
    separator: ',',
    parse: many(network),
    fallback: () => [],
  },
  apiKey: {
    flag: 'api-key',
    argument: 'key',
    description: 'API key to show to the server; better given by its variable, where no process list shows it',
    parse: one(text),
    fallback: () => null,
  },
  webhookSecret: {
    flag: 'webhook-secret',
    argument: 'secret',
    description: `signs webhooks whose request brings no secret: ${signingSecretForm}; give it by its variable, where no process list shows it`,
    parse: one(signingSecret),
    fallback: () => null,
  },
  allowFetch: {
    flag: 'allow-fetch',
    argument: 'host',
    description: 'host, host:port or network that may be fetched from although it is not public (repeatable)',
    separator: ',',
    parse: many(text),
    fallback: () => [],
  },
  hub: {
    flag: 'hub',
    argument: 'url',
    description: 'model hub to pull from',
    parse: one((value) => url(value, ['http:', 'https:']).replace(/\/+$/, '')),
    fallback: () => 'https://huggingface.co',
  },
  hubToken: {
    flag: 'hub-token',
    argument: 'token',
    description: 'token for models that the hub gives to some only; sent to the hub and nowhere else',
    parse: one(text),
    fallback: () => null,
  },
  logLevel: {
    flag: 'log-level',
    argument: 'level',
    description: logLevels.join(', '),
    parse: one((value) => oneOf(value, logLevels)),
    fallback: () => 'info',
  },
  server: {
    flag: 'server',
    argument: 'url',
    description: 'running server to talk to',
    parse: one((value) => url(value, ['http:', 'https:']).replace(/\/+$/, '')),
    fallback: () => 'http://127.0.0.1:7860',
    fallbackText: 'the one that runs on the data folder, else http://127.0.0.1:7860',
  },
};

export const settingKeys = Object.keys(settings).filter((key): key is keyof Config => key in settings);

function platformDataFolder(environment: Environment): string {
  const base = environment['XDG_DATA_HOME'];
  // The XDG specification says to ignore a relative path.
  if (base !== undefined && isAbsolute(base)) return join(base, 'armature');
  return join(homedir(), '.armature');
}

/** The variable that stands for a flag: `--redis-url` is ARMATURE_REDIS_URL. */
export function variableOf(row: Pick<Setting, 'flag'>): string {
  return `ARMATURE_${row.flag.toUpperCase().replaceAll('-', '_')}`;
}
