import type { FastifyReply } from 'fastify';

/** Aborts when the answer is out, when the client goes away before that, when its key ends, or when the server closes. */
export function gone(reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const { ended } = reply.request;
  const left = new AbortController();
  const leave = (): void => {
    left.abort();
    closing.removeEventListener('abort', leave);
  };
  reply.raw.once('close', leave);
  ended?.addEventListener('abort', leave);
  if (closing.aborted || ended?.aborted === true || reply.raw.closed) leave();
  // Not AbortSignal.any: it would leave a trace of every request in the signal that outlives them all.
  else closing.addEventListener('abort', leave);
  return left.signal;
}
