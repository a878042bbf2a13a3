import { ArmatureError } from '../errors.ts';

/**
 * Checks a key: segments of letters, digits, `_`, `.` and `-`, joined by slashes, none of them `.` or `..`, each at most 255
 * and all at most 1024 characters. What this lets through is a relative path that stays inside its folder, and an S3 key.
 *
 * @throws ArmatureError `invalid_request`
 */
export function checkKey(key: string): void {
  if (key.length > 1024 || !key.split('/').every(isSegment)) {
    throw new ArmatureError(
      'invalid_request',
      `Expected an object key of segments of letters, digits, "_", "." and "-" but received ${JSON.stringify(key.slice(0, 200))}.`,
    );
  }
}

/** A prefix is a key and a slash: it names whole folders, never a part of a name. */
export function checkPrefix(prefix: string): void {
  if (!prefix.endsWith('/')) {
    throw new ArmatureError(
      'invalid_request',
      `Expected a prefix that ends with "/" but received ${JSON.stringify(prefix)}.`,
    );
  }
  checkKey(prefix.slice(0, -1));
}

function isSegment(segment: string): boolean {
  return /^[A-Za-z0-9_.-]{1,255}$/.test(segment) && segment !== '.' && segment !== '..';
}
