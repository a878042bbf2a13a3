import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import { whenGone } from '../http/gone.ts';
import type { Ending, OpenRequests } from './open-requests.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Aborts when the key in whose name the request is made is no good any more; null where that cannot happen. */
    ended: AbortSignal | null;
  }
}

/** Milliseconds that an event stream has to come to its end: a client that does not read is not waited for. */
const patience = 1000;

/** What an answer keeps when it becomes a refusal. */
const kept = /^(x-|vary$|access-control-|cross-origin-|ratelimit)/;

/** Lets no request that has {@link endWith} outlive its key, on all routes that are registered after it. */
export function refuseEnded(app: FastifyInstance): void {
  app.decorateRequest('ended', null);
  app.addHook('preHandler', async ({ ended }) => {
    if (ended?.aborted === true) throw keyEnded();
  });
  // Whatever a route has to say: by now it is nobody's to know.
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.ended?.aborted !== true) return payload;
    if (payload instanceof Readable) payload.destroy();
    for (const name of Object.keys(reply.getHeaders())) if (!kept.test(name)) reply.removeHeader(name);
    const { writeError, authentication } = request.server;
    const { status, headers, body } = writeError(keyEnded(), { request: request.id });
    reply
      .code(status)
      .headers(headers)
      .header('www-authenticate', authentication.challenge({ kind: 'bad key' }));
    return JSON.stringify(body);
  });
}

/** Ends a request with its key: a stream of events at its next word, a download or an upload at once, a wait with 401. */
export function endWith(ending: Ending, open: OpenRequests, request: FastifyRequest, reply: FastifyReply): void {
  const ended = new AbortController();
  request.ended = ended.signal;
  const end = (): void => {
    const isEvents = String(reply.getHeader('content-type')).startsWith('text/event-stream');
    ended.abort();
    // What has not arrived yet, or is on its way out, has no other end than that of its connection.
    if (isArriving(request)) request.raw.destroy();
    else if (reply.raw.headersSent && !isEvents) reply.raw.destroy();
    else if (isEvents) setTimeout(() => reply.raw.destroy(), patience).unref();
  };
  whenGone(reply, open.add({ ...ending, end }));
}

/** Whether the body of a request, if it has one, is not all here. */
function isArriving({ headers, raw }: FastifyRequest): boolean {
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  return hasBody && !raw.complete && !raw.readableEnded;
}

function keyEnded(): ArmatureError {
  return new ArmatureError(
    'unauthorized',
    'The API key, or the signed address, ended while the request was under way.',
  );
}
