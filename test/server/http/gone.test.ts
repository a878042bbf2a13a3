import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { FastifyReply } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endWith } from '../../../src/server/access/end-requests.ts';
import { OpenRequests } from '../../../src/server/access/open-requests.ts';
import { gone, whenGone } from '../../../src/server/http/gone.ts';

let server: Server;
beforeAll(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

/** The reply to a request, and how its client hangs up. */
async function replyTo(): Promise<{ readonly reply: FastifyReply; readonly hangUp: () => Promise<void> }> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const [request, raw] = (await once(server, 'request')) as [unknown, ServerResponse];
  const reply = { raw, request: { ended: null, raw: request, headers: {} }, getHeader: () => undefined };
  return {
    reply: reply as unknown as FastifyReply,
    hangUp: async () => {
      const closed = once(raw, 'close');
      client.destroy();
      await closed;
    },
  };
}

/** Requests in the name of a key that is good until `ends` is called. */
function openRequests(): { readonly open: OpenRequests; readonly ends: () => void } {
  let change = (_id: string): void => {};
  const ring = {
    find: async () => await Promise.resolve(null),
    onChange(listener: (id: string) => void) {
      change = listener;
      return () => {};
    },
  };
  return {
    open: new OpenRequests({ ring, now: () => Date.now(), pollMs: 60_000 }),
    ends: () => change('key'),
  };
}

describe('a client that hangs up', () => {
  test('is told of once, also where it has gone before anybody asks', async () => {
    const { reply, hangUp } = await replyTo();
    let left = 0;
    whenGone(reply, () => void left++);
    expect(left).toBe(0);
    await hangUp();
    expect(left).toBe(1);
    whenGone(reply, () => void left++);
    expect(left).toBe(2);
  });

  test('leaves nothing in the signal of the server, whenever it went', async () => {
    const closing = new AbortController().signal;
    let listeners = 0;
    const [add, remove] = [closing.addEventListener.bind(closing), closing.removeEventListener.bind(closing)];
    closing.addEventListener = (type: string, listener: () => void): void => {
      listeners += 1;
      add(type, listener);
    };
    closing.removeEventListener = (type: string, listener: () => void): void => {
      listeners -= 1;
      remove(type, listener);
    };
    const { reply, hangUp } = await replyTo();
    const before = gone(reply, closing);
    expect([before.aborted, listeners]).toEqual([false, 1]);
    await hangUp();
    expect([before.aborted, listeners]).toEqual([true, 0]);
    expect([gone(reply, closing).aborted, listeners]).toEqual([true, 0]);
  });

  test('is no open request of its key any more, whenever it went', async () => {
    const { open, ends } = openRequests();
    const there = await replyTo();
    const went = await replyTo();
    await went.hangUp();
    for (const { reply } of [there, went]) {
      endWith({ key: 'key', at: Infinity }, open, reply.request, reply);
    }
    ends();
    await expect.poll(() => there.reply.request.ended?.aborted).toBe(true);
    // It is not kept: nobody ended it.
    expect(went.reply.request.ended?.aborted).toBe(false);
    open.close();
    await there.hangUp();
  });
});
