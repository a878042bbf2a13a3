import type { FastifyReply } from 'fastify';

/** Calls `leave` once the answer is out or the client gone: at once where that has been, since then nothing tells of it any more. */
export function whenGone({ raw }: Pick<FastifyReply, 'raw'>, leave: () => void): void {
  if (raw.closed) leave();
  else raw.once('close', leave);
}

/** Aborts when the answer is out, when the client goes away before that, when its key ends, or when the server closes. */
export function gone(reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const { ended } = reply.request;
  const left = new AbortController();
  const leave = (): void => {
    left.abort();
    closing.removeEventListener('abort', leave);
  };
  // Not AbortSignal.any: it would leave a trace of every request in the signal that outlives them all.
  closing.addEventListener('abort', leave);
  ended?.addEventListener('abort', leave);
  whenGone(reply, leave);
  if (closing.aborted || ended?.aborted === true) leave();
  return left.signal;
}
