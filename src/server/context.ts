import type { FastifyInstance, FastifyRequest } from 'fastify';
import { EtaEstimator } from './eta.ts';
import { type Links, links } from './links.ts';
import type { ServerParts } from './parts.ts';
import { defaultTenant } from './tenant.ts';
import { jobPresenter, type PresentJob } from './views/present-job.ts';

/** What routes share: the parts, and what follows from them. */
export interface RouteContext {
  readonly parts: ServerParts;
  readonly links: Links;
  readonly present: PresentJob;
  /** Aborts when the server closes: nothing may hold a connection open longer. */
  readonly closing: AbortSignal;
}

export function routeContext(parts: ServerParts, app: FastifyInstance): RouteContext {
  const address = links(parts.settings.publicUrl);
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  const eta = new EtaEstimator(parts.records, parts.clock);
  return { parts, links: address, present: jobPresenter(parts.records, eta, address), closing: closing.signal };
}

export function tenantOf(_request: FastifyRequest): string {
  return defaultTenant;
}

/** Aborts when the client goes away or the server closes. */
export function gone(request: FastifyRequest, closing: AbortSignal): AbortSignal {
  const left = new AbortController();
  request.raw.socket.once('close', () => left.abort());
  return AbortSignal.any([left.signal, closing]);
}
