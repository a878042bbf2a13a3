import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import type { BodyBudget, BudgetPart } from '../access/body-budget.ts';
import { holderOf } from '../access/guard.ts';
import { whenGone } from '../http/gone.ts';
import type { BodyPace } from '../parts/limits.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request holds of the memory for bodies. */
    memory: BudgetPart;
  }
}

/** A body on its way. */
interface Arriving {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly part: BudgetPart;
  /** Its length, where that is known. */
  readonly announced: number | null;
  /** Whether nothing of it is gathered in memory: then only its pace is watched. */
  readonly streamed: boolean;
  received: number;
  /** What had been received when the current span of time began, and when that was. */
  spanStart: number;
  spanReceived: number;
  /** Whether its route has begun, and whether it has answered. */
  begun: boolean;
  answered: boolean;
}

/**
 * Counts the bodies of the requests to all routes that are registered after it while they arrive: `overloaded` ends one that
 * has no room in the budget, `request_timeout` one that comes too slowly. What was counted is given back when the answer
 * is out; where the client has left before, when the route has come to its end, which holds the body as long.
 */
export function meterBodies(app: FastifyInstance, budget: BodyBudget, pace: BodyPace): void {
  const arriving = new Set<Arriving>();
  const metered = new WeakMap<FastifyRequest, Arriving>();
  const watch = setInterval(
    () => {
      for (const body of arriving) watchPace(body, pace);
    },
    Math.max(10, Math.min(1000, pace.bodyPatienceMs / 4)),
  );
  watch.unref();
  app.addHook('onClose', async () => clearInterval(watch));
  app.decorateRequest('memory');
  app.addHook('onRequest', (request, reply, done) => {
    const { headers, is404 } = request;
    const announced = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : null;
    const part = budget.open(holderOf(request));
    request.memory = part;
    if (is404 || announced === 0) {
      done();
      return;
    }
    const body: Arriving = {
      request,
      reply,
      part,
      announced,
      streamed: request.routeOptions.config.streamed === true,
      received: 0,
      spanStart: performance.now(),
      spanReceived: 0,
      begun: false,
      answered: false,
    };
    metered.set(request, body);
    let refusal: Error | undefined;
    try {
      // What came while it was found out who asks.
      count(body, request.raw.readableLength);
      if (!request.raw.complete) {
        arriving.add(body);
        countChunks(body, () => arriving.delete(body));
      }
    } catch (error) {
      reply.header('connection', 'close');
      refusal = error as Error;
    }
    // Last: it may be gone already.
    whenGone(reply, () => {
      arriving.delete(body);
      if (!isInUse(body)) part.close();
    });
    done(refusal);
  });
  app.addHook('preHandler', (request, _reply, done) => {
    const body = metered.get(request);
    if (body !== undefined) body.begun = true;
    done();
  });
  app.addHook('onSend', (request, reply, _payload, done) => {
    const body = metered.get(request);
    if (body !== undefined) body.answered = true;
    if (reply.raw.closed) body?.part.close();
    done();
  });
}

/** Whether somebody works with a body and will answer: it was read to its end, to be parsed, or its route has begun. */
function isInUse({ request, begun, answered }: Arriving): boolean {
  return (begun || request.raw.readableEnded) && !answered;
}

/** Sees each piece of a body as the connection hands it over: whoever reads it later does so in ways of its own. */
function countChunks(body: Arriving, ended: () => void): void {
  const { raw } = body.request;
  const push = raw.push.bind(raw);
  let refused = false;
  raw.push = (chunk: Uint8Array | null, encoding?: BufferEncoding): boolean => {
    if (refused) return chunk !== null;
    if (chunk === null) {
      ended();
      return push(chunk, encoding);
    }
    try {
      count(body, chunk.length);
    } catch (error) {
      refused = true;
      ended();
      refuse(body, error as Error);
      return false;
    }
    return push(chunk, encoding);
  };
}

/** A body of a known length has room for all of it from its first byte on, so that none is given up half way. */
function count(body: Arriving, bytes: number): void {
  if (bytes === 0) return;
  if (body.streamed) {
    body.received += bytes;
    return;
  }
  if (body.announced === null) body.part.add(bytes);
  else if (body.received === 0) body.part.add(body.announced);
  body.received += bytes;
}

/** A client is too slow only while it is waited for: what lies here unread is not its fault. */
function watchPace(body: Arriving, { bodyPatienceMs, bodyRate }: BodyPace): void {
  const now = performance.now();
  if (body.request.raw.readableLength > 0) {
    body.spanStart = now;
    body.spanReceived = body.received;
    return;
  }
  const passed = now - body.spanStart;
  if (passed < bodyPatienceMs) return;
  const came = body.received - body.spanReceived;
  if (came < (bodyRate * passed) / 1000) {
    const detail =
      `Expected the body at ${bodyRate} bytes a second or more but in the last ${Math.round(passed / 1000)} s ` +
      `${came} bytes came: send the request again over a better connection.`;
    refuse(body, new ArmatureError('request_timeout', detail));
    return;
  }
  body.spanStart = now;
  body.spanReceived = body.received;
}

/** Answers before the body is there, and reads no more of it. */
function refuse({ reply }: Arriving, error: Error): void {
  if (reply.sent) return;
  void reply.header('connection', 'close').send(error);
}
