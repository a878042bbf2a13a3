import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Requests whose clients hold their bodies back until they are asked for them. */
const heldBack = new WeakSet<IncomingMessage>();

/**
 * Asks a client that holds its body back (`Expect: 100-continue`) for it only where it was not refused by what its headers say, at an address
 * that is there. On routes whose bodies are `streamed` the route asks, by {@link askForBody}.
 */
export function askForBodies(app: FastifyInstance): void {
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    heldBack.add(request);
    app.server.emit('request', request, response);
  });
  app.addHook('preParsing', async (request, reply) => {
    if (!request.is404 && request.routeOptions.config.streamed !== true) askForBody(reply);
  });
}

export function askForBody({ request, raw }: FastifyReply): void {
  if (heldBack.delete(request.raw)) raw.writeContinue();
}
