import { createHmac, timingSafeEqual } from 'node:crypto';

/** In whose name an address was signed: the id of a key, the operator's own, or whoever needs no key. */
export type Signer = `key_${string}` | 'admin' | 'anonymous';

/** What a signed address says of itself. */
export interface SignedUrl {
  readonly signer: Signer;
  /** When it ends: milliseconds since 1970. */
  readonly expires: number;
}

/** The addresses that can be signed, exactly as they stand in answers: no other spelling, no query. */
const signable =
  /^\/v1\/(generations\/[\w-]{1,64}\/((outputs|maps)\/(0|[1-9]\d{0,2})|events)|trainings\/[\w-]{1,64}\/(files\/(0|[1-9]\d{0,2})|validations\/(0|[1-9]\d{0,7})\/(0|[1-9]\d{0,2})\/(map|picture|without)|events)|batches\/[\w-]{1,64}\/events|models\/[a-z0-9][a-z0-9._-]{0,254}\/preview)$/;

/** Nothing but these, once and in this order. */
const query = /^expires=([1-9]\d{0,15})&signer=(key_[0-9A-Za-z]{1,32}|admin|anonymous)&signature=([\w-]{43})$/;

export function isSignable(path: string): boolean {
  return signable.test(path);
}

/** Signs addresses with HMAC-SHA-256, and knows those that it signed; the secret is that of all processes. */
export class UrlSigner {
  readonly #secret: () => Promise<Buffer>;
  readonly #operator: string;

  /** `operator`: a text that changes with the operator's own key, which ends what was signed in its name. */
  constructor(secret: () => Promise<Buffer>, operator: string) {
    this.#secret = secret;
    this.#operator = operator;
  }

  /** The path with the query that opens it. */
  async sign(path: string, { signer, expires }: SignedUrl): Promise<string> {
    const signature = (await this.#signature(path, { signer, expires })).toString('base64url');
    return `${path}?expires=${expires}&signer=${signer}&signature=${signature}`;
  }

  /** What a target of a request says, if it was signed here as it stands; null otherwise. */
  async read(target: string): Promise<SignedUrl | null> {
    const mark = target.indexOf('?');
    const path = target.slice(0, mark);
    const [, expires, signer, signature = ''] = query.exec(target.slice(mark + 1)) ?? [];
    if (signer === undefined || !isSignable(path)) return null;
    const said: SignedUrl = { signer: signer as Signer, expires: Number(expires) };
    const given = Buffer.from(signature, 'base64url');
    const right = await this.#signature(path, said);
    return given.length === right.length && timingSafeEqual(given, right) ? said : null;
  }

  async #signature(path: string, { signer, expires }: SignedUrl): Promise<Buffer> {
    const text = ['armature signed url 1', path, expires, signer, signer === 'admin' ? this.#operator : ''].join('\n');
    return createHmac('sha256', await this.#secret())
      .update(text)
      .digest();
  }
}
