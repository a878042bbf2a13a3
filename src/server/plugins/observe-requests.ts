import { type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import type { Metrics } from '../../metrics/metrics.ts';

/** What nginx logs for a client that went away before its answer was out. */
const clientGone = 499;

/** Leaves out the framework's lines about each request: {@link observeRequests} writes one that says it all. */
export class OneLineARequest extends LogController {
  override incomingRequest(): void {}
  override requestCompleted(): void {}
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Id of the job that the request made; null where it made none. */
    madeJob: string | null;
  }
}

/**
 * Counts and logs each request once, when its answer is out or its client is gone: one line at level info, which routes
 * with `logLevel: 'warn'` leave out.
 */
export function observeRequests(app: FastifyInstance, { http }: Pick<Metrics, 'http'>): void {
  app.decorateRequest('madeJob', null);
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      const { method } = request;
      const route = request.routeOptions.url;
      const status = reply.raw.writableEnded ? reply.statusCode : clientGone;
      const ms = reply.elapsedTime;
      http.answered({ method, route, status, seconds: ms / 1000 });
      request.log.info(
        { method, path: pathOf(request), status, ms: Math.round(ms), ...jobOf(request), ...traceOf(request) },
        'request',
      );
    });
    done();
  });
}

/** Without the query, which is the place for what a client may not have meant to be kept. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0]!.slice(0, 200);
}

/** The job that a request was about, or that it made. */
function jobOf({ madeJob, params }: FastifyRequest): { readonly job?: string } {
  const id = madeJob ?? (params as { readonly id?: string } | null)?.id;
  return id?.startsWith('gen_') === true ? { job: id } : {};
}

function traceOf({ span }: FastifyRequest): { readonly trace_id?: string } {
  return span?.traceId === undefined || span.traceId === null ? {} : { trace_id: span.traceId };
}
