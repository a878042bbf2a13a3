import type { FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import { isObject } from '../../generation/request/field-names.ts';

/** The error for a body of a type that the route does not take: names those that it takes, and what may have been meant. */
export function otherMediaType({ headers, routeOptions }: FastifyRequest): ArmatureError {
  const received = headers['content-type'];
  const shown = received === undefined ? 'one without a Content-Type' : JSON.stringify(received.slice(0, 100));
  const types = typesOf(routeOptions.schema?.body);
  if (types.length === 0) {
    const detail = `Expected no body, which this resource does not take, but received ${shown}.`;
    return new ArmatureError('unsupported_media_type', detail, { field: 'Content-Type' });
  }
  const detail = `Expected a body of type ${types.join(' or ')} but received ${shown}.${hint(received, types)}`;
  return new ArmatureError('unsupported_media_type', detail, { field: 'Content-Type', choices: types });
}

/** curl says that what stands behind -d is a form of the old kind, unless it is told otherwise. */
function hint(received: string | undefined, types: readonly string[]): string {
  const json = types.includes('application/json');
  if (received !== undefined && !/^(?:application\/x-www-form-urlencoded|text\/|application\/)/i.test(received))
    return '';
  if (json) return " With curl, write -H 'Content-Type: application/json' in front of -d.";
  return types.includes('image/*') ? " With curl, write -H 'Content-Type: image/png' --data-binary @picture.png." : '';
}

function typesOf(body: unknown): readonly string[] {
  if (body === undefined) return [];
  return isObject(body) && isObject(body['content']) ? Object.keys(body['content']) : ['application/json'];
}
