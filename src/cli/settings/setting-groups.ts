import type { Config } from '../../config/config.ts';

/** Headings of the options of a service, in the order of --help. */
const groups = {
  'Where it listens, and for whom:': ['host', 'port', 'metricsPort', 'publicUrl', 'corsOrigin', 'trustedProxy'],
  'Keys and limits:': [
    'adminKey',
    'allowAnonymous',
    'submissionsPerMinute',
    'readsPerMinute',
    'maxQueued',
    'maxQueuedPerTenant',
    'maxBatchItems',
    'maxBatchCost',
    'tenantWindow',
    'queueWindow',
    'bodyMemory',
  ],
  'Data:': [
    'data',
    'postgresUrl',
    'redisUrl',
    's3Bucket',
    's3Prefix',
    's3Region',
    's3Endpoint',
    's3ForcePathStyle',
    'retentionDays',
    'retentionSize',
  ],
  'Models and device:': ['models', 'model', 'provider', 'deviceId', 'threads', 'memoryBudget', 'maxRows'],
  'Jobs and results:': ['grace', 'checkpointEvery', 'claim', 'embedParameters', 'allowFetch', 'webhookSecret'],
  'Log:': ['logLevel'],
} as const satisfies Readonly<Record<string, readonly (keyof Config)[]>>;

const headings = new Map(
  Object.entries(groups).flatMap(([heading, keys]) => keys.map((key): [keyof Config, string] => [key, heading])),
);

/** The settings of a service in the order of their groups; those without a group last. */
export function grouped(keys: readonly (keyof Config)[]): readonly (keyof Config)[] {
  const order = [...headings.keys()];
  const place = (key: keyof Config): number => (headings.has(key) ? order.indexOf(key) : order.length);
  return keys.toSorted((one, other) => place(one) - place(other));
}

/** The heading above an option of a service. */
export function headingOf(key: keyof Config): string {
  return headings.get(key) ?? 'More:';
}
