import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKey } from '../../access/api-key.ts';
import { hashOf, keyIdOf, keyPrefix } from '../../access/key-text.ts';
import { ArmatureError } from '../../errors.ts';
import type { AuthenticationScheme } from './authentication-scheme.ts';
import { AuthenticationFailures, network } from './failures.ts';
import { type Identity, operator, owner, stranger } from './identity.ts';
import type { KeyRing } from './key-ring.ts';
import { type Signer, UrlSigner } from './signed-urls.ts';
import { type Arrival, type NamedPlaces, type Provenance, provenanceOf, provenanceOfOpening } from './provenance.ts';
import type { AccessSettings } from '../parts/parts.ts';

/** What is looked at of a request. */
export interface Caller extends Arrival {
  /** Address of the client. */
  readonly ip: string;
}

/** Failures per minute after which an address is not listened to. */
const failuresPerMinute = 60;

/** What an unknown key is compared with: whether an id exists must not show in the time that a refusal takes. */
const noHash = Buffer.alloc(32);

/** Finds out in whose name a request is made. */
export class Authenticator {
  readonly #ring: KeyRing;
  readonly #settings: AccessSettings;
  readonly #named: NamedPlaces;
  readonly #now: () => number;
  readonly #adminHash: Buffer | null;
  readonly #failures: AuthenticationFailures;
  readonly #signer: UrlSigner;

  constructor(
    ring: KeyRing,
    settings: AccessSettings,
    named: NamedPlaces,
    now: () => number,
    secret: () => Promise<Buffer>,
  ) {
    this.#ring = ring;
    this.#settings = settings;
    this.#named = named;
    this.#now = now;
    this.#adminHash = settings.adminKey === null ? null : hashOf(settings.adminKey);
    this.#failures = new AuthenticationFailures(failuresPerMinute, now);
    this.#signer = new UrlSigner(secret, this.#adminHash?.toString('hex') ?? '');
  }

  get signer(): UrlSigner {
    return this.#signer;
  }

  /**
   * In whose name a signed address is opened, to read. It needs neither a key nor an own origin, and is good as long as
   * whoever signed it may read.
   *
   * @throws ArmatureError `unauthorized`, `rate_limited`
   */
  async identifySigned(caller: Caller): Promise<Identity> {
    const said = await this.#signer.read(caller.url);
    if (said === null) throw this.#refusal(caller, 'This address is not signed as it stands: ask for a new one.');
    const at = said.expires;
    if (at <= this.#now()) {
      throw new ArmatureError(
        'unauthorized',
        `This address expired on ${new Date(at).toISOString()}: ask for a new one.`,
      );
    }
    const { ending, ...identity } = await this.#signerOf(said.signer, caller);
    if (!identity.scopes.includes('read')) throw new ArmatureError('unauthorized', 'Whoever signed this may not read.');
    const end = { key: ending?.key ?? null, at: Math.min(at, ending?.at ?? at) };
    return { ...identity, scopes: ['read'], shared: true, signed: true, ending: end };
  }

  async #signerOf(signer: Signer, caller: Caller): Promise<Identity> {
    if (signer === 'admin' && this.#adminHash !== null) return operator;
    if (signer === 'anonymous') {
      const { loopback, allowAnonymous } = this.#settings;
      const open = allowAnonymous || (loopback && this.#adminHash === null && !(await this.#ring.any()));
      if (open) return stranger(network(caller.ip));
    }
    const stored = await this.#ring.find(signer);
    if (stored === null) throw new ArmatureError('unauthorized', 'Whoever signed this address is not let in any more.');
    return this.#holder(stored.key, caller);
  }

  /** In the name of a key that was shown to be somebody's. */
  #holder(key: ApiKey, caller: Caller): Identity {
    this.#refuseEnded(key, caller);
    this.#ring.touch(key.id);
    const { tenant, scopes, id, account, limits, expiresAt } = key;
    const ending = { key: id, at: expiresAt?.getTime() ?? Number.POSITIVE_INFINITY };
    return { tenant, scopes, name: id, account, limits, ending };
  }

  /**
   * @throws ArmatureError `unauthorized` for a key that is not good, or for none where one is needed; `rate_limited` where
   *   too many of that came from one address; `forbidden` for what comes from elsewhere to a server without keys that is this
   *   machine's alone
   */
  async identify(caller: Caller, scheme: AuthenticationScheme): Promise<Identity> {
    const text = scheme.credential(caller.headers);
    const guarded = this.#adminHash !== null || (await this.#ring.any());
    // Without keys a client that must send some key may send any, but one of ours is meant for another server.
    if (text === null || (!guarded && !text.startsWith(keyPrefix))) return this.#withoutKey(caller, guarded, scheme);
    return await this.#withKey(text, caller);
  }

  /**
   * Makes sure that something public, which holds no data, is not asked for by a page of another origin where a server
   * without keys is this machine's alone. A page for people may be `opened` from anywhere.
   *
   * @throws ArmatureError `forbidden`
   */
  async admit(caller: Caller, opened: boolean): Promise<void> {
    const { loopback, allowAnonymous } = this.#settings;
    if (!loopback || allowAnonymous || this.#adminHash !== null) return;
    // Without records nobody knows whether there are keys; pages are there all the same.
    if (await this.#ring.any().catch(() => false)) return;
    refuseForeign((opened ? provenanceOfOpening : provenanceOf)(caller, this.#named));
  }

  #withoutKey(caller: Caller, guarded: boolean, { expected }: AuthenticationScheme): Identity {
    const { loopback, allowAnonymous } = this.#settings;
    if (!guarded && loopback) {
      const provenance = provenanceOf(caller, this.#named);
      if (!allowAnonymous) refuseForeign(provenance);
      return provenance.kind === 'own' && !isForwarded(caller.headers) ? owner : stranger(network(caller.ip));
    }
    if (allowAnonymous) return stranger(network(caller.ip));
    throw this.#refusal(caller, `Expected an API key: ${expected}.`);
  }

  async #withKey(text: string, caller: Caller): Promise<Identity> {
    const hash = hashOf(text);
    if (this.#adminHash !== null && timingSafeEqual(hash, this.#adminHash)) return operator;
    const id = keyIdOf(text);
    if (id === null) throw this.#refusal(caller, 'This is not an API key of this server: it is mistyped or cut short.');
    // A good key gets in whatever else comes from its address, which may be a proxy's: a guess costs one look at most.
    const stored = await this.#ring.find(id);
    const expected = stored === null ? noHash : Buffer.from(stored.hash, 'hex');
    if (!timingSafeEqual(hash, expected) || stored === null) throw this.#refusal(caller, 'There is no such API key.');
    return this.#holder(stored.key, caller);
  }

  #refuseEnded({ id, revokedAt, expiresAt }: ApiKey, caller: Caller): void {
    if (revokedAt !== null) throw this.#refusal(caller, `The API key ${id} was revoked.`);
    if (expiresAt === null || expiresAt.getTime() > this.#now()) return;
    throw this.#refusal(caller, `The API key ${id} expired on ${expiresAt.toISOString()}.`);
  }

  #refusal(caller: Caller, detail: string): ArmatureError {
    this.#refuseBlocked(caller);
    this.#failures.note(caller.ip);
    return new ArmatureError('unauthorized', detail);
  }

  #refuseBlocked({ ip }: Caller): void {
    const retryAfter = this.#failures.blockedFor(ip);
    if (retryAfter === 0) return;
    const detail = `Too many requests without a good API key came from this address: try again in ${retryAfter} s.`;
    throw new ArmatureError('rate_limited', detail, { retryAfter });
  }
}

/** Refuses, without keys, what neither this machine nor the operator's settings let in. */
function refuseForeign(provenance: Provenance): void {
  if (provenance.kind !== 'foreign') return;
  const detail =
    `Without API keys this server is for the programs and pages of its own machine, and this request came ${provenance.sign}. ` +
    `If that is right, start it with ${provenance.flag}, or with --allow-anonymous, or make a key (armature keys create).`;
  throw new ArmatureError('forbidden', detail);
}

/** Whether a proxy brought the request, which speaks for others. */
function isForwarded({ via, forwarded, ...headers }: IncomingHttpHeaders): boolean {
  return via !== undefined || forwarded !== undefined || headers['x-forwarded-for'] !== undefined;
}
