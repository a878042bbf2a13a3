import { setMaxListeners } from 'node:events';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Admission } from '../load/admission.ts';
import { QueueGauge } from '../load/queue-gauge.ts';
import { BatchWork } from '../batches/batch-work.ts';
import { EtaEstimator } from '../load/eta.ts';
import { whenGone } from '../http/gone.ts';
import { type Links, links } from '../http/links.ts';
import { OpenPlaces } from '../http/open-places.ts';
import type { ServerParts } from '../parts/parts.ts';
import { PictureTurns } from '../submissions/picture-turns.ts';
import type { UrlSigner } from '../access/signed-urls.ts';
import type { WebFile } from '../pages/web-files.ts';
import { holderOf, identityOf } from '../access/guard.ts';
import { batchPresenter, type PresentBatch } from '../views/batch-view.ts';
import { jobPresenter, type PresentJob } from '../views/present-job.ts';

/** What routes share: the parts, and what follows from them. */
export interface RouteContext {
  readonly parts: ServerParts;
  readonly links: Links;
  readonly present: PresentJob;
  /** Asked before jobs are accepted. */
  readonly admission: Admission;
  readonly presentBatch: PresentBatch;
  readonly batchWork: BatchWork;
  /** What clients hold open: event streams, waits for the end of a job, files on their way. */
  readonly openStreams: OpenPlaces;
  readonly openWaits: OpenPlaces;
  readonly openDownloads: OpenPlaces;
  /** Training sets on their way in. */
  readonly openSets: OpenPlaces;
  /** When pictures from elsewhere are brought in. */
  readonly pictureTurns: PictureTurns;
  /** The pages' files by their paths. */
  readonly webFiles: ReadonlyMap<string, WebFile>;
  /** Of addresses that work without a key. */
  readonly signer: UrlSigner;
  /** Aborts when the server closes: nothing may hold a connection open longer. */
  readonly closing: AbortSignal;
}

export function routeContext(
  parts: ServerParts,
  app: FastifyInstance,
  made: Pick<RouteContext, 'webFiles' | 'signer'>,
): RouteContext {
  const address = links(parts.settings.publicUrl);
  const closing = new AbortController();
  // One listener for each stream and wait.
  setMaxListeners(0, closing.signal);
  app.addHook('preClose', async () => closing.abort());
  const { limits } = parts.settings;
  const eta = new EtaEstimator(parts.records, parts.clock);
  return {
    ...made,
    parts,
    links: address,
    present: jobPresenter(parts.records, eta, address),
    admission: admissionOf(parts, eta),
    presentBatch: batchPresenter(parts.records, eta, address),
    batchWork: batchWorkOf(parts, app),
    openStreams: new OpenPlaces(
      { total: limits.streams, perTenant: limits.streamsPerTenant },
      { what: 'event streams', instead: 'close one, or ask GET /v1/generations/{id}' },
    ),
    openWaits: new OpenPlaces(
      { total: limits.waits, perTenant: limits.waitsPerTenant },
      {
        what: 'requests with Prefer: wait or sha256',
        instead: 'leave that out, and ask GET /v1/generations/{id} or GET /v1/models again',
      },
    ),
    openDownloads: new OpenPlaces(
      { total: limits.downloads, perTenant: limits.downloadsPerTenant },
      { what: 'downloads', instead: 'read those to their end first' },
    ),
    openSets: new OpenPlaces(
      { total: limits.setWriters, perTenant: limits.setWritersPerTenant },
      { what: 'requests that send a training set', instead: 'wait for the end of those' },
    ),
    pictureTurns: new PictureTurns({
      total: limits.fetches,
      perTenant: limits.fetchesPerTenant,
      patienceMs: limits.fetchPatienceMs,
    }),
    closing: closing.signal,
  };
}

function batchWorkOf(parts: ServerParts, app: FastifyInstance): BatchWork {
  const work = new BatchWork(parts);
  app.addHook('onReady', async () => work.resume());
  app.addHook('onClose', async () => await work.close());
  return work;
}

function admissionOf({ records, settings, clock }: ServerParts, eta: EtaEstimator): Admission {
  const now = (): number => clock().getTime();
  const gauge = new QueueGauge(records.scheduling, now);
  return new Admission({ usage: records.usage, gauge, eta, limits: settings.load, now });
}

/** The tenant whose things a request may see. */
export function tenantOf(request: FastifyRequest): string {
  return identityOf(request).tenant;
}

/** Takes a place for whoever asks, until the answer is out or the client has gone. Throws as {@link OpenPlaces.take}. */
export function takePlace(places: OpenPlaces, reply: FastifyReply): void {
  whenGone(reply, places.take(holderOf(reply.request)));
}
