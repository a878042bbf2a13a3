import { ArmatureError } from '../errors.ts';
import { Stalled } from './exchange.ts';
import { failed } from './refusal.ts';

/** What users are told of an error of the network; anything that says more about it stays in `cause`. */
const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'has no address',
  EAI_AGAIN: 'could not be looked up',
  ENODATA: 'has no address',
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'cut the connection',
  EPIPE: 'cut the connection',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate that nobody vouches for',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate that nobody vouches for',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate that nobody vouches for',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
  UND_ERR_CONNECT_TIMEOUT: 'does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'sends nothing more',
  UND_ERR_BODY_TIMEOUT: 'sends nothing more',
  UND_ERR_SOCKET: 'cut the connection',
  HPE_HEADER_OVERFLOW: 'sends headers that are too large',
};

/** `fetch_failed` for whatever went wrong while `host` was asked; errors that are for users already stay as they are. */
export function failureOf(error: unknown, host: string, field?: string): ArmatureError {
  if (error instanceof ArmatureError) return error;
  const name = host.slice(0, 253);
  if (error instanceof Stalled) return failed(`${name} sends nothing more.`, field, error);
  const code = codeOf(error);
  const text = code.startsWith('HPE_') ? 'does not speak HTTP' : 'gave no answer';
  return failed(`${name} ${reasons[code] ?? text}.`, field, error);
}

/** Where several addresses were tried in turn, the error of the first counts. */
function codeOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  return first instanceof Error && 'code' in first ? String(first.code) : '';
}
