import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import { readJson } from '../../json/read-json.ts';

/** Has the routes that are registered after it, in their scope, read bodies of JSON, of at most so many values. */
export function acceptJson(app: FastifyInstance, values: number): void {
  // Text of no type would come through as a text, and be told that it is no object.
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (body.length > 0) return await readJson(body, { subject: 'a JSON body', values });
    // Clients that always say that they send JSON may: where no body is wanted, none need come.
    if (request.routeOptions.schema?.body === undefined) return undefined;
    throw new ArmatureError('invalid_request', 'Expected a JSON body but received none.');
  });
}
