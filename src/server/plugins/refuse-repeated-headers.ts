import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';

/** Headers that say who asks, from where, or what comes. Node keeps the first where there are two, and a proxy may have gone by the other. */
const single: ReadonlyMap<string, string> = new Map(
  ['Host', 'Authorization', 'Content-Type', 'Referer'].map((name) => [name.toLowerCase(), name]),
);

/** Refuses a request that has a header twice which may come once (RFC 9110, section 5.3; RFC 9112, section 3.2). */
export function refuseRepeatedHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw }: FastifyRequest, reply: FastifyReply) => {
    const seen = new Set<string>();
    for (let at = 0; at < raw.rawHeaders.length; at += 2) {
      const name = single.get(raw.rawHeaders[at]!.toLowerCase());
      if (name === undefined) continue;
      if (seen.has(name)) throw repeated(name, reply);
      seen.add(name);
    }
  });
}

function repeated(name: string, reply: FastifyReply): ArmatureError {
  // Where one request ends and the next begins may be another matter on which two programs differ.
  reply.header('connection', 'close');
  return new ArmatureError('invalid_request', `Expected the header ${name} once but received it twice.`, {
    field: name,
  });
}
