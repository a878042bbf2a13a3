import { optional, setting } from './setting.ts';
import { byteSize, flagValue, integer, one, secret } from './values.ts';

/** Who may ask for how much. */
export const access = {
  /** A key with every scope that stands in no record. */
  adminKey: optional({
    flag: 'admin-key',
    argument: 'key',
    description:
      'key with every scope, of 32 characters or more; give it by its variable, where no process list shows it',
    takenFor: ['requests'],
    secret: 'whole',
    parse: one(secret),
  }),
  allowAnonymous: setting({
    flag: 'allow-anonymous',
    description: 'serve whoever shows no API key, also beyond loopback',
    takenFor: ['requests'],
    parse: one(flagValue),
    fallback: () => false,
  }),
  /** Requests per minute and key (or address, without one) that make or change something; null is no limit. */
  submissionsPerMinute: optional({
    flag: 'submissions-per-minute',
    argument: 'number',
    description: 'requests that make or change something, of one key or, without keys, one address',
    takenFor: ['requests'],
    parse: one((value) => integer(value, 1, 1_000_000)),
    fallbackText: 'no limit',
  }),
  /** The same for all other requests. */
  readsPerMinute: optional({
    flag: 'reads-per-minute',
    argument: 'number',
    description: 'other requests, of one key or, without keys, one address',
    takenFor: ['requests'],
    parse: one((value) => integer(value, 1, 1_000_000)),
    fallbackText: 'no limit',
  }),
  /** Jobs that may wait, of all tenants. */
  maxQueued: setting({
    flag: 'max-queued',
    argument: 'number',
    description: 'jobs that may wait',
    takenFor: ['requests'],
    parse: one((value) => integer(value, 1, 10_000_000)),
    fallback: () => 100_000,
  }),
  maxQueuedPerTenant: setting({
    flag: 'max-queued-per-tenant',
    argument: 'number',
    description: 'jobs of one tenant that may wait',
    takenFor: ['requests'],
    parse: one((value) => integer(value, 1, 10_000_000)),
    fallback: () => 20_000,
  }),
  /** Items of one batch. */
  maxBatchItems: setting({
    flag: 'max-batch-items',
    argument: 'number',
    description: 'most items of one batch',
    takenFor: ['requests'],
    parse: one((value) => integer(value, 1, 1_000_000)),
    fallback: () => 10_000,
  }),
  /** Pixel steps of one batch. */
  maxBatchCost: setting({
    flag: 'max-batch-cost',
    argument: 'number',
    description: 'most that one batch may cost, in width x height x steps x pictures',
    takenFor: ['requests'],
    parse: one((value) => integer(value, 1, Number.MAX_SAFE_INTEGER)),
    fallback: () => 1e12,
  }),
  /** Jobs of one tenant that are in the queue or running. */
  tenantWindow: setting({
    flag: 'tenant-window',
    argument: 'number',
    description: 'most jobs of one tenant that are in the queue or running; the others wait their turn',
    takenFor: ['requests', 'worker'],
    parse: one((value) => integer(value, 1, 10_000)),
    fallback: () => 32,
  }),
  /** Jobs of all tenants that are in the queue or running. */
  queueWindow: setting({
    flag: 'queue-window',
    argument: 'number',
    description: 'the same for all tenants together; at least what all workers draw at once',
    takenFor: ['requests', 'worker'],
    parse: one((value) => integer(value, 1, 100_000)),
    fallback: () => 64,
  }),
  /** Bytes of one training set, as it is packed. */
  maxSetSize: setting({
    flag: 'max-set-size',
    argument: 'size',
    description: 'largest training set that may be sent, as it is packed',
    takenFor: ['requests'],
    parse: one(byteSize),
    fallback: () => 20 * 2 ** 30,
    fallbackText: '20GB',
  }),
  /** Files of the sets of one training, clutter included. */
  maxSetFiles: setting({
    flag: 'max-set-files',
    argument: 'number',
    description: 'most files that a training may learn from',
    takenFor: ['jobs'],
    parse: one((value) => integer(value, 1, 2_000_000)),
    fallback: () => 200_000,
  }),
  /** Bytes of the files of the sets of one training, as they are once they are unpacked. */
  maxSetUnpacked: setting({
    flag: 'max-set-unpacked',
    argument: 'size',
    description: 'most bytes of all these files, as they are once they are unpacked',
    takenFor: ['jobs'],
    parse: one(byteSize),
    fallback: () => 60 * 2 ** 30,
    fallbackText: '60GB',
  }),
  /** Bytes of all training sets of one tenant. */
  setQuota: setting({
    flag: 'set-quota',
    argument: 'size',
    description: 'room for the training sets of one tenant; they do not count in --retention-size',
    takenFor: ['requests'],
    parse: one(byteSize),
    fallback: () => 60 * 2 ** 30,
    fallbackText: '60GB',
  }),
  /** Bytes of all models that trainings of one tenant made and that it alone sees. */
  modelQuota: setting({
    flag: 'model-quota',
    argument: 'size',
    description: 'room for the models that one tenant trained; where it is full no other training begins',
    takenFor: ['requests', 'jobs'],
    parse: one(byteSize),
    fallback: () => 100 * 2 ** 30,
    fallbackText: '100GB',
  }),
  /** Bytes of request bodies that are held at the same moment. */
  bodyMemory: setting({
    flag: 'body-memory',
    argument: 'size',
    description: 'memory for the bodies of requests that arrive at the same time',
    takenFor: ['requests'],
    parse: one(byteSize),
    fallback: () => 256 * 2 ** 20,
    fallbackText: '256MB',
  }),
};
