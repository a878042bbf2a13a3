import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import { claimLifetime, type IdempotencyClaim } from '../../records/jobs/idempotency.ts';
import { CanonicalHash, sha256Of } from '../../json/canonical-hash.ts';
import type { ServerParts } from '../parts/parts.ts';
import type { Submission } from './submission.ts';

const field = 'Idempotency-Key';
const longestKey = 255;

/** Seconds after which a client that came too early may come again. */
const retryAfter = 1;

/** What a request with a key does, the first time and again. */
export interface IdempotentWork<T> {
  readonly tenant: string;
  /** Keys of one route mean nothing on another. */
  readonly route: string;
  /** SHA-256 of what is asked for, such as {@link fingerprintOf}; made where there is a key only. */
  readonly fingerprint: () => Promise<string>;
  /**
   * Makes it. Whatever it writes has to complete the claim, where there is one, in the same transaction (`underClaim` in
   * src/records/jobs/idempotency.ts), or by `records.idempotency.complete` where writing twice does no harm.
   */
  readonly first: (claim: IdempotencyClaim | undefined) => Promise<T>;
  /** Finds what the first request made, by its id; null where it has been deleted. */
  readonly again: (resource: string) => Promise<T | null>;
}

/**
 * Does what a request asks for, once for each Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): one that comes
 * again gets what the first one made, and the header `Idempotency-Replayed`. `idempotency_mismatch` where the key belongs to
 * another request, `idempotency_in_progress` where the first one is still being looked at. A request that is refused gives its
 * key back; a claim whose process dies lapses.
 */
export async function idempotently<T>(
  { records, clock, log }: ServerParts,
  request: FastifyRequest,
  reply: FastifyReply,
  work: IdempotentWork<T>,
): Promise<T> {
  const key = readIdempotencyKey(request.headers['idempotency-key']);
  if (key === null) return await work.first(undefined);
  const claim: IdempotencyClaim = { tenant: work.tenant, route: work.route, key, token: randomUUID() };
  const outcome = await records.idempotency.claim(claim, await work.fingerprint(), clock());
  if (outcome.kind === 'mismatch') throw mismatch();
  if (outcome.kind === 'in progress') throw inProgress();
  if (outcome.kind === 'made') {
    reply.header('idempotency-replayed', 'true');
    return (await work.again(outcome.resource)) ?? deleted(outcome.resource);
  }
  // A claim that cannot be renewed or given back lapses by itself.
  const warn = (err: unknown): void => log.warn({ err }, 'the claim on an idempotency key is left to lapse');
  const renewing = setInterval(() => void records.idempotency.renew(claim, clock()).catch(warn), claimLifetime / 3);
  try {
    return await work.first(claim);
  } catch (error) {
    await records.idempotency.release(claim).catch(warn);
    throw error;
  } finally {
    clearInterval(renewing);
  }
}

/**
 * SHA-256 of what a submission asks for, however it was written: white space, the order of names and parts and the boundary of
 * a form do not count. `chosen` is what headers add to the body.
 */
export async function fingerprintOf(
  { body, files }: Submission,
  chosen: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return await fingerprint(async (hash) => await hash.value(body), files, chosen);
}

/** As {@link fingerprintOf}, of a body that `write` writes, since it is not there as a whole. */
export async function fingerprint(
  write: (hash: CanonicalHash) => Promise<void>,
  files: Submission['files'],
  chosen: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const pictures: Record<string, string> = {};
  for (const [name, bytes] of files) pictures[name] = await sha256Of(bytes);
  const hash = new CanonicalHash();
  hash.text('{"body":');
  await write(hash);
  hash.text(',"chosen":');
  await hash.value(chosen);
  hash.text(',"pictures":');
  await hash.value(pictures);
  hash.text('}');
  return hash.digest();
}

/** The key, written bare or as a string of RFC 8941 (in quotes); null where there is none. */
export function readIdempotencyKey(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null;
  const text = typeof header === 'string' ? header.trim() : '';
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1];
  const key = quoted === undefined ? text : quoted.replaceAll(/\\(["\\])/g, '$1');
  if (/^[\x20-\x7e]+$/.test(key) && key.length <= longestKey) return key;
  const detail = `Expected ${field} to be 1 to ${longestKey} printable ASCII characters, such as a UUID.`;
  throw new ArmatureError('invalid_request', detail, { field });
}

function mismatch(): ArmatureError {
  const detail = `This ${field} was used with another request. Choose a new key for each thing you ask for.`;
  return new ArmatureError('idempotency_mismatch', detail, { field });
}

function inProgress(): ArmatureError {
  const detail = `The first request with this ${field} is not answered yet. Send it again in a moment.`;
  return new ArmatureError('idempotency_in_progress', detail, { field, retryAfter });
}

function deleted(resource: string): never {
  const detail = `What the first request with this ${field} made, ${resource}, has been deleted. Choose a new key to make it again.`;
  throw new ArmatureError('not_found', detail, { field });
}
