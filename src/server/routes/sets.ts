import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { offsetHeader, receiveSet } from '../sets/receive-set.ts';
import { setListSchema, setSchema, setView } from '../views/set-view.ts';
import { type RouteContext, takePlace, tenantOf } from './context.ts';
import { idParameter, json, pageQuery, problem } from './schemas.ts';
import { unchecked } from './submission-route.ts';

const binary = { schema: z.string().meta({ format: 'binary' }) };

/** Training sets on their way in. Belongs into a scope of its own: a body is read as it comes, whatever it says it is. */
export function setRoutes(instance: FastifyInstance, context: RouteContext): void {
  const { parts, links, closing, openSets } = context;
  const { records, settings } = parts;
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

  routes.put('/v1/uploads/:id', {
    config: { access: 'generate', streamed: true },
    schema: {
      operationId: 'sendSet',
      summary: 'Send a training set, or a piece of it',
      description:
        'The body is the archive, a zip or a plain tar, whatever its Content-Type; with Content-Range the bytes of it that the header names. ' +
        'What is there already is passed over; what would leave a gap answers 409. Upload-Offset of every answer says where to go on.',
      tags: ['uploads'],
      params: idParameter,
      headers: z.object({
        'content-range': z
          .string()
          .optional()
          .describe('bytes first-last/total; with an asterisk for first-last, and no body, it asks what is there'),
      }),
      body: { content: { 'application/octet-stream': binary } },
      response: { 200: json('What is there now', setSchema), '4xx': problem, '5xx': problem },
    },
    ...unchecked,
    handler: async (request, reply) => {
      takePlace(openSets, reply);
      const { id } = request.params;
      const set = await receiveSet(parts, { tenant: tenantOf(request), id }, { request, reply }, closing);
      if (set === null) return reply;
      return await reply.header(offsetHeader, set.received).send(setView(set, links));
    },
  });

  routes.get('/v1/uploads', {
    config: { access: 'read' },
    schema: {
      operationId: 'listSets',
      summary: 'List training sets, the newest first',
      description: 'Those of the tenant of the key, also what is not whole yet.',
      tags: ['uploads'],
      querystring: z.strictObject({ kind: z.enum(['set']), ...pageQuery(settings.limits.pageSize) }),
      response: { 200: json('One page', setListSchema), '4xx': problem },
    },
    handler: async (request) => {
      const { limit, cursor } = request.query;
      const query = { limit: limit + 1, ...(cursor === undefined ? {} : { before: cursor }) };
      const found = await records.sets.list(tenantOf(request), query);
      const data = found.slice(0, limit).map((set) => setView(set, links));
      return { data, next_cursor: found.length > limit ? (data.at(-1)?.id ?? null) : null };
    },
  });
}
