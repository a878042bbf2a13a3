import type { FastifyBaseLogger } from 'fastify';
import type { Fetcher } from '../../fetch/fetcher.ts';
import type { PictureDecoder } from '../../images/decoder/decoder.ts';
import type { AnnotatorLibrary } from '../../models/annotators/annotators.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Feeder } from '../../queue/feeder.ts';
import type { JobQueue } from '../../queue/queue.ts';
import type { Windows } from '../../records/scheduling/turns.ts';
import type { Records } from '../../records/records.ts';
import type { ModelLibrary } from '../../models/library.ts';
import type { ObjectStore } from '../../store/store.ts';
import type { Tracing } from '../../tracing/tracing.ts';
import type { LoadLimits, ServerLimits } from './limits.ts';

/** All that the HTTP side of the service stands on. Closing them is their owner's affair. */
export interface ServerParts {
  readonly records: Records;
  readonly queue: JobQueue;
  /** Brings what was recorded to the queue. */
  readonly feeder: Pick<Feeder, 'wake'>;
  readonly store: ObjectStore;
  readonly library: Pick<ModelLibrary, 'of' | 'settle' | 'hashes'>;
  readonly annotators: Pick<AnnotatorLibrary, 'list' | 'requireFor'>;
  readonly deviceState: () => DeviceState;
  /** For the addresses that requests bring. */
  readonly fetcher: Fetcher;
  /** For the pictures that requests bring. */
  readonly decoder: PictureDecoder;
  readonly settings: ServerSettings;
  /** Aborts when the process is told to stop: from then on nothing new is accepted, while what runs may end. */
  readonly draining: AbortSignal;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly log: FastifyBaseLogger;
  readonly clock: () => Date;
  /** A whole number from 0 to 2^32 - 1 for a request that leaves the seed to the server. */
  readonly randomSeed: () => number;
}

export interface ServerSettings {
  /** Version of the product, as the API description gives it. */
  readonly version: string;
  /** Id of the base model of a request that names none. */
  readonly defaultModel: string;
  /** What links in answers begin with, without a slash at the end; null makes them paths. */
  readonly publicUrl: string | null;
  /** Origins whose pages may call the API; `*` is all. */
  readonly corsOrigins: readonly string[];
  /** Whether outputs carry the parameters text where the request does not say. */
  readonly embedParameters: boolean;
  /** Whether the server has a secret of its own to sign webhooks with. */
  readonly signsWebhooks: boolean;
  readonly limits: ServerLimits;
  /** Most jobs that are in the queue or running. */
  readonly windows: Windows;
  readonly access: AccessSettings;
  readonly load: LoadLimits;
  /** Addresses and networks of proxies that say truly whom they speak for. */
  readonly trustedProxies: readonly string[];
}

/**
 * What the process knows of the device that draws: `elsewhere` where workers are processes of their own, and the queue is
 * all that this one sees of them.
 */
export interface DeviceState {
  readonly state: 'starting' | 'ready' | 'failed' | 'elsewhere';
  /** One sentence: which provider was taken and why, or what is wrong. */
  readonly detail: string;
}

/** Who may do what without a key, and the operator's own key. */
export interface AccessSettings {
  /** The text of a key with every scope that stands in no record. */
  readonly adminKey: string | null;
  /** Serves whoever shows no key, although there are keys. */
  readonly allowAnonymous: boolean;
  /** Whether the server listens to this machine alone. */
  readonly loopback: boolean;
}
