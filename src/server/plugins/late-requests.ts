import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the body is read as it comes and may take any time, so long as it keeps its pace; none of it is held to the limits of bodies. */
    readonly streamed?: boolean;
  }
}

interface Incomplete {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly since: number;
}

/**
 * Lets go whoever has not sent all of a request after so many milliseconds, but on routes whose bodies are `streamed`. Node's own limit
 * knows no routes.
 */
export function endLateRequests(app: FastifyInstance, requestMs: number): void {
  const incomplete = new Set<Incomplete>();
  const streamed = new WeakSet<IncomingMessage>();
  app.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.complete) return;
    const entry = { request, response, since: performance.now() };
    incomplete.add(entry);
    request.once('close', () => incomplete.delete(entry));
  });
  const watch = setInterval(
    () => {
      const now = performance.now();
      for (const entry of incomplete) {
        const { request, response, since } = entry;
        if (request.complete) incomplete.delete(entry);
        else if (now - since > requestMs && (response.writableEnded || !streamed.has(request))) endLate(app, entry);
      }
    },
    Math.max(10, Math.min(5000, requestMs / 4)),
  );
  watch.unref();
  app.addHook('onClose', async () => clearInterval(watch));
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config.streamed === true) streamed.add(request.raw);
    done();
  });
}

function endLate({ server }: FastifyInstance, { request, response }: Incomplete): void {
  if (response.headersSent) {
    request.socket.destroy();
    return;
  }
  const error = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  server.emit('clientError', error, request.socket);
}
