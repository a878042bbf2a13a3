import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { nearestName } from '../../text/nearest-name.ts';
import { ArmatureError } from '../../errors.ts';

/**
 * Refuses queries with names that the route does not know, of every route that the description of the API has: also of those that
 * take none, and of those that check their requests themselves.
 */
export function refuseUnknownQueries(app: FastifyInstance): void {
  app.addHook('preValidation', async (request) => {
    if (request.is404 || request.routeOptions.schema?.hide === true) return;
    // A signed address has the query that it was signed with, and no other.
    if (request.identity?.signed === true) return;
    const known = knownNames(request);
    const unknown = Object.keys(request.query ?? {}).find((name) => !known.includes(name));
    if (unknown !== undefined) throw unknownName(unknown, known, request);
  });
}

function knownNames({ routeOptions }: FastifyRequest): readonly string[] {
  const query: unknown = routeOptions.schema?.querystring;
  return query instanceof z.ZodObject ? Object.keys(query.shape) : [];
}

function unknownName(name: string, known: readonly string[], { method, routeOptions }: FastifyRequest): ArmatureError {
  const shown = name.slice(0, 80);
  const guess = nearestName(name, known);
  const body = routeOptions.schema?.body === undefined ? '' : ' Fields go into the body.';
  const choices = guess === undefined ? known : [guess];
  const hint =
    known.length === 0
      ? `${method} ${routeOptions.url} takes none.${body}`
      : guess === undefined
        ? `The choices are ${known.join(', ')}.`
        : `Did you mean ${guess}?`;
  const detail = `There is no query parameter ${shown}. ${hint}`;
  return new ArmatureError('invalid_request', detail, { field: shown, ...(choices.length === 0 ? {} : { choices }) });
}
