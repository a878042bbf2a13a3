import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { type RouteContext, takePlace } from './context.ts';
import { gone } from '../http/gone.ts';

/**
 * Answers with an event stream for as long as client and server want it. It takes one of the places that its holder
 * has for open streams: `rate_limited` or `overloaded` where there is none.
 */
export async function answerWithEvents(
  { openStreams, closing }: RouteContext,
  reply: FastifyReply,
  events: (signal: AbortSignal) => AsyncIterable<string>,
): Promise<FastifyReply> {
  takePlace(openStreams, reply);
  const signal = gone(reply, closing);
  reply.headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' }).type('text/event-stream; charset=utf-8');
  return await reply.send(Readable.from(events(signal), { objectMode: false }));
}
