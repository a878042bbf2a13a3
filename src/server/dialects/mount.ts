import type { FastifyInstance, RouteOptions } from 'fastify';
import { answerMissing } from '../plugins/errors.ts';
import type { AllowedMethods } from '../plugins/allowed-methods.ts';
import type { RouteContext } from '../routes/context.ts';
import type { Dialect, Mount } from './contract/dialect.ts';

/** What mounting stands on. */
export interface MountParts {
  readonly context: RouteContext;
  readonly allowed: AllowedMethods;
}

/**
 * Adds the routes of all dialects, each mount in a scope of its own. The hooks that the application has by now, its guard among them, are
 * there before any of a dialect, and run for whatever it adds.
 *
 * @throws Error where a dialect could be mistaken for another, or where one of its routes does not say who may call it
 */
export async function mountDialects(
  app: FastifyInstance,
  dialects: readonly Dialect[],
  parts: MountParts,
): Promise<void> {
  requireDistinct(dialects);
  // What is asked for outside of all mounts, such as an address where nothing is.
  speak(app, mainDialect(dialects));
  for (const dialect of dialects) {
    for (const mount of dialect.mounts) {
      await app.register(async (scope) => await addMount(scope, dialect, mount, parts), { prefix: mount.prefix });
    }
  }
}

async function addMount(
  scope: FastifyInstance,
  dialect: Dialect,
  { prefix, routes }: Mount,
  { context, allowed }: MountParts,
): Promise<void> {
  scope.addHook('onRoute', (route) => {
    requireDeclared(route, dialect);
    if (prefix !== '') route.schema = { ...route.schema, hide: true };
  });
  if (prefix !== '') {
    speak(scope, dialect);
    answerMissing(scope, allowed);
    scope.setNotFoundHandler = refuseHandler;
  }
  await routes(scope, context);
}

/** Has the scope speak a dialect. */
function speak(scope: FastifyInstance, { id, writeError, authentication, answerJob }: Dialect): void {
  scope.decorate('dialect', id);
  scope.decorate('writeError', writeError);
  scope.decorate('authentication', authentication);
  scope.decorate('answerJob', answerJob);
}

/** The dialect that is spoken wherever no other one is. */
function mainDialect(dialects: readonly Dialect[]): Dialect {
  const found = dialects.find(({ mounts }) => mounts.some(({ prefix }) => prefix === ''));
  if (found === undefined)
    throw new Error('No dialect is spoken where no other one is: one needs a mount without a prefix.');
  return found;
}

/** The dialect of an address, of which the query does not count: that of the longest prefix. For what is no route's yet. */
export function dialectAt(dialects: readonly Dialect[], url: string): Dialect {
  const path = `${url.split('?', 1)[0]}/`;
  const [nearest] = dialects
    .flatMap((dialect) => dialect.mounts.map(({ prefix }) => ({ dialect, prefix })))
    .filter(({ prefix }) => path.startsWith(`${prefix}/`))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  return nearest?.dialect ?? mainDialect(dialects);
}

function requireDistinct(dialects: readonly Dialect[]): void {
  const ids = dialects.map(({ id }) => id);
  const prefixes = dialects.flatMap(({ mounts }) => mounts.map(({ prefix }) => prefix));
  requireNames('id', ids, /^[a-z\d]+(-[a-z\d]+)*$/);
  requireNames('prefix', prefixes, /^(\/[\w-]+)*$/);
}

function requireNames(what: string, names: readonly string[], form: RegExp): void {
  for (const [index, name] of names.entries()) {
    if (!form.test(name)) throw new Error(`A dialect cannot have the ${what} ${JSON.stringify(name)}: ${form.source}.`);
    if (names.indexOf(name) !== index) throw new Error(`Two dialects have the ${what} ${JSON.stringify(name)}.`);
  }
}

/** What a route has to say of itself before it is one. */
function requireDeclared({ method, url, config }: RouteOptions, { id }: Dialect): void {
  const methods = [method].flat();
  const route = `${methods.join(', ')} ${url} of the dialect ${id}`;
  if (config?.access === undefined) throw new Error(`The route ${route} does not say who may call it: config.access.`);
  // A preflight carries no key, so that whatever answered one would be anybody's.
  if (methods.includes('OPTIONS')) throw new Error(`The route ${route} answers OPTIONS, which is the application's.`);
}

function refuseHandler(): never {
  throw new Error('A dialect has no handler of its own for what is not there: nobody would be asked for a key.');
}
