import { type KeyLimits, noLimits } from '../../access/api-key.ts';
import { type Scope, scopes } from '../../access/scopes.ts';
import type { Ending } from './open-requests.ts';

/** In whose name a request is made, and what it may do. */
export interface Identity {
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  /** What is shown of it in logs: the id of a key, `admin` for the operator's own, or `anonymous`. */
  readonly name: string;
  /** Under which its usage is counted. */
  readonly account: string;
  /** Null for whom the service belongs to: nothing is counted. */
  readonly limits: KeyLimits | null;
  /** Whether a page of any origin may show what it gets (Cross-Origin-Resource-Policy). */
  readonly shared?: boolean;
  /** With what all ends that is done in its name, where anything is. */
  readonly ending?: Ending;
  /** Whether it comes of a signed address, and of no key that was sent. */
  readonly signed?: boolean;
}

/** The tenant of everyone without a key, and of the operator's key. */
const defaultTenant = 'default';

/** The holder of the key in `--admin-key`. */
export const operator: Identity = {
  tenant: defaultTenant,
  scopes,
  name: 'admin',
  account: 'admin',
  limits: null,
};

/** Whoever shows no key where none is needed; told from others by the address. */
export function stranger(address: string): Identity {
  return {
    tenant: defaultTenant,
    scopes: ['generate', 'read'],
    name: 'anonymous',
    account: `anonymous ${address}`,
    limits: noLimits,
    shared: true,
  };
}

/** Whoever reaches a server without keys through the machine's own loopback: its owner. */
export const owner: Identity = {
  tenant: defaultTenant,
  scopes,
  name: 'anonymous',
  account: 'owner',
  limits: null,
};
