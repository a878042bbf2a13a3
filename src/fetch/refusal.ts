import { ArmatureError } from '../errors.ts';

/**
 * An address that is not asked. Nothing that was found out about it is said: which names exist inside a network, and
 * where they point to, is nobody's business outside.
 */
export function refused(detail: string, field?: string): ArmatureError {
  return new ArmatureError('fetch_refused', detail, field === undefined ? {} : { field });
}

/** An address that was asked and gave no answer that can be used. */
export function failed(detail: string, field?: string, cause?: unknown): ArmatureError {
  return new ArmatureError('fetch_failed', detail, { ...(field === undefined ? {} : { field }), cause });
}
