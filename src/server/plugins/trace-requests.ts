import type { FastifyInstance } from 'fastify';
import type { OpenSpan, Tracing } from '../../tracing/tracing.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The request's span; null where nobody traces. */
    span: OpenSpan | null;
  }
}

/** Paths that are asked all the time by machines: their spans would hide the others. */
const unwatched: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz', '/metrics']);

/** A span for each request, child of the client's own where it sends a traceparent. */
export function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  app.decorateRequest('span', null);
  if (!tracing.enabled) return;
  app.addHook('onRequest', (request, reply, done) => {
    const { method } = request;
    const route = request.routeOptions.url;
    if (unwatched.has(route)) return done();
    const { traceparent } = request.headers;
    const span = tracing.start(route === undefined ? method : `${method} ${route}`, {
      kind: 'server',
      parent: typeof traceparent === 'string' ? traceparent : null,
      attributes: { 'http.request.method': method, 'http.route': route ?? '', 'armature.request.id': request.id },
    });
    request.span = span;
    reply.raw.once('close', () => {
      span.set({ 'http.response.status_code': reply.statusCode });
      span.end(reply.statusCode >= 500 || !reply.raw.writableEnded);
    });
    return span.run(done);
  });
  // A body arrives in the name of the connection, not of the request: what comes after it has to be told again.
  app.addHook('preHandler', (request, _reply, done) => (request.span === null ? done() : request.span.run(done)));
}
