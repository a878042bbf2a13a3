import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyHttpOptions, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import type { ServerLimits } from '../parts/limits.ts';

/** How long the server bears with connections that say little or nothing. */
export function connectionLimits(limits: ServerLimits) {
  return {
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
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

/** Refuses what is too long before anything else is done with it. */
export function limitRequests(app: FastifyInstance, limits: ServerLimits): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.on('timeout', (socket: Socket) => endSilence(request, reply, socket, limits.silenceMs));
    refuseLongUrl(request, limits.urlLength);
    refuseLongBody(request, reply, limits.bodyBytes);
  });
}

/** Whoever has sent all of a request waits in silence, and rightly so: it gets its answer, however long that takes. */
function endSilence({ raw }: FastifyRequest, reply: FastifyReply, socket: Socket, silenceMs: number): void {
  if (raw.complete && !reply.raw.headersSent) socket.setTimeout(silenceMs);
  else socket.destroy();
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
