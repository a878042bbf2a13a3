import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import { isObject } from '../../generation/request/field-names.ts';
import { show } from '../../text/show.ts';

/** In a scope whose routes say which body they take: those that take none refuse one with something in it, which would be ignored in silence. An empty object says nothing. */
export function refuseUnwantedBodies(app: FastifyInstance): void {
  app.addHook('preValidation', async (request) => {
    const { body, routeOptions, is404 } = request;
    if (is404 || routeOptions.schema?.body !== undefined || body === undefined) return;
    const [name] = isObject(body) ? Object.keys(body) : [null];
    if (name !== undefined) throw unwanted(name, body, request);
  });
}

function unwanted(name: string | null, body: unknown, { method, routeOptions }: FastifyRequest): ArmatureError {
  const found = name === null ? show(body) : `the field ${name.slice(0, 80)}`;
  const detail = `Expected no body, or an empty object, with ${method} ${routeOptions.url} but received ${found}: it takes no fields.`;
  return new ArmatureError('invalid_request', detail, name === null ? {} : { field: name.slice(0, 80) });
}
