import { ArmatureError } from '../errors.ts';

/** What servers of several makes say when there is no room left, or no quota. */
const fullCodes = new Set([
  'InsufficientStorage',
  'InsufficientCapacity',
  'NoSpaceLeft',
  'QuotaExceeded',
  'ServiceQuotaExceededException',
  'StorageFull',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
]);

/** Answers that say that this process may not, or that the bucket is not there: nothing that a request can change. */
const refusedCodes = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'NoSuchBucket',
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'CredentialsProviderError',
  'RequestTimeTooSkewed',
]);

interface S3Failure {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Code of an answer or of the trouble on the way to one, such as `NoSuchBucket` or `ECONNREFUSED`. */
export function s3Code(error: unknown): string {
  const { name, code } = error as S3Failure;
  return code ?? name ?? 'unknown error';
}

/** Whether a server has answered, and that there is nothing under the key. */
export function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes((error as S3Failure).name ?? '');
}

/** Whether the store cannot be used until someone has changed credentials, bucket or permissions. */
export function isRefusal(error: unknown): boolean {
  return refusedCodes.has((error as S3Failure).name ?? '') || statusOf(error) === 403;
}

/** Whether the operation met another one on the same objects, and may do better when it is tried again. */
export function isConflict(error: unknown): boolean {
  return statusOf(error) === 409;
}

/** What a failed operation on an object means for the one who asked for it. */
export function s3Error(error: unknown, key: string): ArmatureError {
  if (error instanceof ArmatureError) return error;
  const code = s3Code(error);
  if (isMissing(error)) return new ArmatureError('not_found', `There is no object ${key}.`, { cause: error });
  if (statusOf(error) === 416) {
    return new ArmatureError('range_not_satisfiable', `The range lies outside of ${key}.`, { cause: error });
  }
  if (fullCodes.has(code) || statusOf(error) === 507) {
    const detail = `There is no room left to store ${key} (${code}). Make room, then try again.`;
    return new ArmatureError('storage_full', detail, { cause: error });
  }
  return new ArmatureError('unavailable', `The object store cannot be used now (${code}).`, { cause: error });
}

function statusOf(error: unknown): number | undefined {
  return (error as S3Failure).$metadata?.httpStatusCode;
}
