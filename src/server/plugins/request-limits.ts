import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyHttpOptions, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import type { BodyPace, ServerLimits } from '../parts/limits.ts';

/** How long the server bears with connections that say little or nothing. */
export function connectionLimits(limits: ServerLimits) {
  return {
    bodyLimit: limits.bodyBytes,
    // Node's own knows no routes: late-requests.ts has one that does.
    requestTimeout: 0,
    connectionTimeout: limits.silenceMs,
    keepAliveTimeout: limits.keepAliveMs,
    http: {
      headersTimeout: limits.headersMs,
      maxHeaderSize: limits.headerBytes,
      // Late requests are looked for this often.
      connectionsCheckingInterval: Math.min(5000, limits.headersMs),
    },
  } satisfies FastifyHttpOptions<Server>;
}

/** Refuses what is too long before anything else is done with it, and hangs up on who is answered and goes on too slowly. */
export function limitRequests(app: FastifyInstance, limits: ServerLimits): void {
  for (const event of ['request', 'checkExpectation'] as const) {
    app.server.on(event, (raw: IncomingMessage, response: ServerResponse) => {
      response.once('finish', () => awaitRest(raw, limits));
    });
  }
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.on('timeout', (socket: Socket) => endSilence(request, reply, socket, limits.silenceMs));
    refuseLongUrl(request, limits.urlLength);
    if (request.routeOptions.config.streamed !== true) refuseLongBody(request, reply, limits.bodyBytes);
  });
}

/** Whoever has sent all of a request waits in silence, and rightly so: it gets its answer, however long that takes. */
function endSilence({ raw }: FastifyRequest, reply: FastifyReply, socket: Socket, silenceMs: number): void {
  if (raw.complete && !reply.raw.headersSent) socket.setTimeout(silenceMs);
  else socket.destroy();
}

/**
 * What is refused by its head is answered before its body is there, which the server then reads past to get to the next request of
 * the connection. It has to come as fast as one that is wanted.
 */
function awaitRest(raw: IncomingMessage, { bodyPatienceMs, bodyRate }: BodyPace): void {
  if (raw.complete) return;
  const { socket } = raw;
  let before = socket.bytesRead;
  const watch = setInterval(() => {
    const came = socket.bytesRead - before;
    before = socket.bytesRead;
    if (raw.complete || socket.destroyed) clearInterval(watch);
    else if (came < (bodyRate * bodyPatienceMs) / 1000) socket.destroy();
  }, bodyPatienceMs);
  watch.unref();
}

function refuseLongUrl({ url }: FastifyRequest, limit: number): void {
  if (url.length <= limit) return;
  throw new ArmatureError(
    'uri_too_long',
    `Expected an address of at most ${limit} characters but received ${url.length}.`,
  );
}

/** The framework counts the bytes of bodies that it reads; forms are read by us, and need not be read to be refused. */
function refuseLongBody({ headers }: FastifyRequest, reply: FastifyReply, limit: number): void {
  const length = headers['content-length'];
  if (length === undefined || Number(length) <= limit) return;
  // What comes after all is not read.
  reply.header('connection', 'close');
  const detail = `Expected a body of at most ${limit} bytes but received one of ${length}.`;
  throw new ArmatureError('payload_too_large', detail);
}
