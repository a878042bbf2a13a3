import type { IncomingHttpHeaders } from 'node:http';
import type { Scope } from '../../access/scopes.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** How those who ask in this scope bring their keys. */
    readonly authentication: AuthenticationScheme;
  }
}

/** Why somebody is not let in: without a key, with one that is not good, or with one that lacks a scope. */
export type Refusal =
  | { readonly kind: 'no key' }
  | { readonly kind: 'bad key' }
  | { readonly kind: 'scope'; readonly scope: Scope };

/** How a key comes with a request. What it is good for is no affair of a scheme: see Authenticator. */
export interface AuthenticationScheme {
  /** The text of the key; null where the request carries none. */
  readonly credential: (headers: IncomingHttpHeaders) => string | null;
  /** How to send one, as it follows "Expected an API key: " and is followed by a full stop. */
  readonly expected: string;
  /** The header WWW-Authenticate of a refusal (RFC 9110, section 11.6.1). */
  readonly challenge: (refusal: Refusal) => string;
}
