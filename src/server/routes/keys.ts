import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { keyRequest, requireLasting, rotateRequest, tenantName } from '../../access/key-request.ts';
import { ArmatureError } from '../../errors.ts';
import { issueKey, replaceKey } from '../../records/access/issue-key.ts';
import type { RouteContext } from './context.ts';
import { keyListSchema, keySchema, keyView, newKeySchema } from '../views/key-view.ts';
import { idParameter, json, problem } from './schemas.ts';

/** API keys, for those who look after the service. */
export function keyRoutes(instance: FastifyInstance, { parts }: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { keys } = parts.records;

  routes.post('/v1/keys', {
    config: { access: 'admin' },
    schema: {
      operationId: 'createKey',
      summary: 'Make an API key; the answer is the only place where its text is shown',
      description: 'With the first key the server begins to ask for one.',
      tags: ['keys'],
      body: keyRequest,
      response: { 201: json('The key and its text', newKeySchema), '4xx': problem },
    },
    handler: async (request, reply) => {
      requireLasting(request.body, parts.clock());
      const { key, text } = await issueKey(keys, request.body);
      return await reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...keyView(key), key: text });
    },
  });

  routes.get('/v1/keys', {
    config: { access: 'admin' },
    schema: {
      operationId: 'listKeys',
      summary: 'All API keys, the oldest first, also those that are revoked',
      description: 'Their texts are not among what is kept.',
      tags: ['keys'],
      querystring: z.strictObject({ tenant: tenantName.optional() }),
      response: { 200: json('The keys, without their text', keyListSchema), '4xx': problem },
    },
    handler: async (request) => ({ data: (await keys.list(request.query.tenant)).map(keyView) }),
  });

  routes.post('/v1/keys/:id/rotate', {
    config: { access: 'admin' },
    schema: {
      operationId: 'rotateKey',
      summary: 'Make a successor of a key; both are good for a while',
      description: 'The successor has the name, the tenant, the scopes and the limits of the old key.',
      tags: ['keys'],
      params: idParameter,
      body: rotateRequest,
      response: { 201: json('The successor and its text', newKeySchema), '4xx': problem },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const issued = await replaceKey(keys, id, request.body.overlap_s);
      if (issued === null) throw await noRotation(id);
      const { key, text } = issued;
      return await reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...keyView(key), key: text });
    },
  });

  routes.post('/v1/keys/:id/revoke', {
    config: { access: 'admin' },
    schema: {
      operationId: 'revokeKey',
      summary: 'End a key for good, within a second everywhere',
      description: 'What the key has made stays.',
      tags: ['keys'],
      params: idParameter,
      response: { 200: json('The key', keySchema), '4xx': problem },
    },
    handler: async (request) => keyView((await keys.revoke(request.params.id)) ?? noKey(request.params.id)),
  });

  async function noRotation(id: string): Promise<ArmatureError> {
    if ((await keys.find(id)) === null) return noKey(id);
    return new ArmatureError('conflict', `The key ${id} is revoked or has expired: make a new one.`);
  }
}

function noKey(id: string): never {
  throw new ArmatureError('not_found', `There is no key ${JSON.stringify(id.slice(0, 100))}.`);
}
