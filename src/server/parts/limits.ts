import { defaultPictureLimits, type PictureLimits } from '../../images/picture-header.ts';
import { usualValues } from '../../json/read-json.ts';

/** What bounds a request before its fields are looked at. Bytes, milliseconds and counts. */
export interface ServerLimits extends BodyPace {
  /** Whole body of a request, of any content type. */
  readonly bodyBytes: number;
  /** Numbers, texts, lists and so on of one body of JSON, and of one line. */
  readonly jsonValues: number;
  /** The same of a whole batch of JSON. */
  readonly batchValues: number;
  /** One line of JSON Lines. */
  readonly lineBytes: number;
  /** Empty lines of JSON Lines. */
  readonly blankLines: number;
  /** One text part of a form. */
  readonly fieldBytes: number;
  readonly formFields: number;
  readonly formFiles: number;
  readonly picture: PictureLimits;
  /** Path and query of a request. */
  readonly urlLength: number;
  /** Request line and headers. */
  readonly headerBytes: number;
  /** Time for request line and headers to arrive. */
  readonly headersMs: number;
  /** Time for the whole request to arrive. */
  readonly requestMs: number;
  /** Silence in both directions after which a connection is closed that is owed no answer: longer than any wait and heartbeat. */
  readonly silenceMs: number;
  /** Time for which a connection without a request is kept. */
  readonly keepAliveMs: number;
  /** Items of one batch. */
  readonly batchItems: number;
  /** Cost of one batch, in pixel steps. */
  readonly batchCost: number;
  /** Longest `Prefer: wait`. */
  readonly waitSeconds: number;
  /** Entries of one page of a list. */
  readonly pageSize: number;
  /** Records are looked at again after this, should a notification have been lost. */
  readonly pollMs: number;
  /** Silence on an event stream after which a comment is sent. */
  readonly heartbeatMs: number;
  /** Event streams that one server process holds open, and those of one tenant. */
  readonly streams: number;
  readonly streamsPerTenant: number;
  /** Submissions that wait for the end of their job by `Prefer: wait`, likewise. */
  readonly waits: number;
  readonly waitsPerTenant: number;
  /** Files and archives that are sent, likewise. */
  readonly downloads: number;
  readonly downloadsPerTenant: number;
  /** Pictures that are fetched from elsewhere, likewise, and how long one waits for its turn. */
  readonly fetches: number;
  readonly fetchesPerTenant: number;
  readonly fetchPatienceMs: number;
  /** One training set, as it is packed. */
  readonly setBytes: number;
  /** All sets of a tenant. */
  readonly setQuotaBytes: number;
  /** All models that a tenant trained. */
  readonly modelQuotaBytes: number;
  /** Sets of a tenant that are not whole. */
  readonly unfinishedSets: number;
  /** The objects that a set is kept as; a request that sends one holds as much in memory. */
  readonly setPieceBytes: number;
  /** Requests that send a set, of all and of one tenant. */
  readonly setWriters: number;
  readonly setWritersPerTenant: number;
}

/** What callers may do in a minute, where their key says nothing else; null is no limit. */
export interface Rates {
  readonly submissionsPerMinute: number | null;
  readonly readsPerMinute: number | null;
}

/** What the operator lets the service take on at once. */
export interface LoadLimits extends Rates {
  /** Jobs that may wait, of all tenants. */
  readonly maxQueued: number;
  /** Jobs of one tenant that may wait. */
  readonly maxQueuedPerTenant: number;
  /** Bytes of request bodies that may be held at the same moment. */
  readonly bodyMemory: number;
}

export const defaultServerLimits: ServerLimits = {
  bodyBytes: 48 * 2 ** 20,
  jsonValues: usualValues,
  batchValues: 1_000_000,
  lineBytes: 45 * 2 ** 20,
  blankLines: 10_000,
  fieldBytes: 2 ** 20,
  formFields: 64,
  formFiles: 16,
  picture: { ...defaultPictureLimits, maxBytes: 32 * 2 ** 20 },
  urlLength: 4096,
  headerBytes: 16 * 2 ** 10,
  headersMs: 10_000,
  requestMs: 300_000,
  silenceMs: 120_000,
  keepAliveMs: 65_000,
  batchItems: 10_000,
  batchCost: 1e12,
  waitSeconds: 60,
  pageSize: 100,
  pollMs: 2000,
  heartbeatMs: 15_000,
  streams: 1000,
  streamsPerTenant: 100,
  waits: 1000,
  waitsPerTenant: 200,
  downloads: 1000,
  downloadsPerTenant: 200,
  fetches: 6,
  fetchesPerTenant: 2,
  fetchPatienceMs: 120_000,
  setBytes: 20 * 2 ** 30,
  setQuotaBytes: 60 * 2 ** 30,
  modelQuotaBytes: 100 * 2 ** 30,
  unfinishedSets: 100,
  setPieceBytes: 8 * 2 ** 20,
  setWriters: 16,
  setWritersPerTenant: 4,
  bodyPatienceMs: 10_000,
  bodyRate: 1000,
};

/** How slowly a body may arrive. */
export interface BodyPace {
  /** Milliseconds over which the pace is measured, and in which something has to come. */
  readonly bodyPatienceMs: number;
  /** Bytes a second, at least. */
  readonly bodyRate: number;
}
