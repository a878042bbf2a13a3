import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Scope } from '../../access/scopes.ts';
import { ArmatureError } from '../../errors.ts';
import type { Refusal } from './authentication-scheme.ts';
import type { Authenticator } from './authenticator.ts';
import type { Rates } from '../parts/limits.ts';
import { endWith, refuseEnded } from './end-requests.ts';
import type { Identity } from './identity.ts';
import type { OpenRequests } from './open-requests.ts';
import type { RateKind, RateLimiter } from './rate-limiter.ts';

/** The scope that a route asks for; `public` asks for no key. */
export type Access = Scope | 'public';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. One that doesn't say is for `admin` alone. */
    readonly access?: Access;
    /**
     * Who may ask a public route of a server without keys that is its machine's alone: by default this machine only. A page, or what
     * belongs to one, is opened from anywhere and under any name.
     */
    readonly reach?: 'anybody' | 'page';
    /** Whether it is opened by a signed address as well. */
    readonly signable?: boolean;
    /** Whether `?tenant=` makes it another tenant's, for who has the scope `admin`. */
    readonly anyTenant?: boolean;
  }
  interface FastifyInstance {
    /** What each route declares, by method and path: undefined is a route that was forgotten. */
    readonly routeAccess: ReadonlyMap<string, Access | undefined>;
  }
  interface FastifyRequest {
    /** Null on public routes. */
    identity: Identity | null;
  }
}

export interface Guard {
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  readonly openRequests: OpenRequests;
  readonly rates: Rates;
}

/**
 * Lets nobody through to the routes that are registered after it but those who may call them, and those not faster than
 * they may.
 */
export function guardRoutes(app: FastifyInstance, { authenticator, limiter, openRequests, rates }: Guard): void {
  /** Headers by the draft draft-ietf-httpapi-ratelimit-headers. */
  const limitRate = async (identity: Identity, kind: RateKind, reply: FastifyReply): Promise<void> => {
    const limit = rateOf(identity, kind, rates);
    if (limit === null) return;
    const { allowed, remaining, resetSeconds } = await limiter.take(identity.account, kind, limit);
    reply.header('ratelimit-policy', `"${kind}";q=${limit};w=60`);
    reply.header('ratelimit', `"${kind}";r=${remaining};t=${resetSeconds}`);
    if (allowed) return;
    const detail = `Expected at most ${limit} ${kind} per minute: try again in ${resetSeconds} s.`;
    throw new ArmatureError('rate_limited', detail, { retryAfter: resetSeconds });
  };
  const declared = new Map<string, Access | undefined>();
  app.decorate('routeAccess', declared);
  app.addHook('onRoute', (route) => {
    const access = route.config?.access;
    declared.set(`${String(route.method)} ${route.url}`, access);
    if (access === 'public') route.schema = { ...route.schema, security: [] };
    if (route.config?.signable === true) {
      route.schema = { ...route.schema, security: [{ bearer: [] }, { header: [] }, { signed: [] }] };
    }
  });
  app.decorateRequest('identity', null);
  refuseEnded(app);
  app.addHook('onRequest', async (request, reply) => {
    const access = accessOf(request);
    if (access === 'public') {
      const { reach } = request.routeOptions.config;
      if (reach !== 'anybody' && isThere(request)) await authenticator.admit(request, reach === 'page');
      return;
    }
    try {
      request.identity = await (isSigned(request)
        ? authenticator.identifySigned(request)
        : authenticator.identify(request, request.server.authentication));
      requireScope(request.identity, access);
      request.identity = inTenant(request.identity, request);
    } catch (error) {
      const challenge = challengeOf(error, request, access);
      if (challenge !== null) reply.header('www-authenticate', challenge);
      throw error;
    }
    const { tenant, name, shared, ending } = request.identity;
    if (ending !== undefined) endWith(ending, openRequests, request, reply);
    if (shared === true) reply.header('cross-origin-resource-policy', 'cross-origin');
    request.log = reply.log = request.log.child({ tenant, key: name });
    await limitRate(request.identity, rateKindOf(request, access), reply);
  });
}

/** What is not there needs no key to be not found. */
function accessOf(request: FastifyRequest): Access {
  return isThere(request) ? (request.routeOptions.config.access ?? 'admin') : 'public';
}

function isThere({ is404, method }: FastifyRequest): boolean {
  return !is404 && method !== 'OPTIONS';
}

function isSigned({ query, routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.signable === true && (query as { readonly signature?: unknown }).signature !== undefined;
}

/** The pieces of one upload are no submissions each. */
function rateKindOf({ routeOptions }: FastifyRequest, access: Scope): RateKind {
  const isSubmission = access === 'generate' || access === 'train';
  return isSubmission && routeOptions.config.streamed !== true ? 'submissions' : 'reads';
}

function rateOf({ limits }: Identity, kind: RateKind, rates: Rates): number | null {
  if (limits === null) return null;
  return kind === 'submissions'
    ? (limits.submissionsPerMinute ?? rates.submissionsPerMinute)
    : (limits.readsPerMinute ?? rates.readsPerMinute);
}

/** In whose name a request of a route that is not public was let through. */
export function identityOf({ identity, routeOptions }: FastifyRequest): Identity {
  if (identity !== null) return identity;
  throw new Error(`The route ${routeOptions.url} is public, so that its requests are made in nobody's name.`);
}

/** Who shares what all requests together may take: a tenant, or whoever comes from one network without a key. */
export function holderOf({ identity, ip }: FastifyRequest): string {
  if (identity === null) return `address ${ip}`;
  return identity.name === 'anonymous' ? identity.account : `tenant ${identity.tenant}`;
}

function requireScope({ scopes, name }: Identity, scope: Scope): void {
  if (scopes.includes(scope)) return;
  const has = scopes.length === 0 ? 'none' : scopes.join(', ');
  throw new ArmatureError('forbidden', `Expected the scope ${scope} but ${name} has ${has}.`, { choices: [scope] });
}

function inTenant(identity: Identity, { query, routeOptions }: FastifyRequest): Identity {
  const { tenant } = query as { readonly tenant?: unknown };
  if (routeOptions.config.anyTenant !== true || typeof tenant !== 'string' || tenant === identity.tenant)
    return identity;
  requireScope(identity, 'admin');
  return { ...identity, tenant };
}

function challengeOf(error: unknown, { headers, server }: FastifyRequest, access: Scope): string | null {
  const refusal = refusalOf(error, server.authentication.credential(headers), access);
  return refusal === null ? null : server.authentication.challenge(refusal);
}

function refusalOf(error: unknown, key: string | null, scope: Scope): Refusal | null {
  if (!(error instanceof ArmatureError)) return null;
  // What comes from elsewhere to a server without keys is forbidden for another reason than a scope.
  if (error.code === 'forbidden' && error.choices !== undefined) {
    return { kind: 'scope', scope: (error.choices[0] as Scope | undefined) ?? scope };
  }
  if (error.code !== 'unauthorized') return null;
  return { kind: key === null ? 'no key' : 'bad key' };
}
