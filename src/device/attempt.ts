import { ArmatureError, serializeError } from '../errors.ts';
import type { AttemptKey, FromDevice } from './protocol.ts';

/** The two fields of whatever names an attempt. */
export function attemptOf({ job, attempt }: AttemptKey): AttemptKey {
  return { job, attempt };
}

export function keyOf({ job, attempt }: AttemptKey): string {
  return `${job}/${attempt}`;
}

/** Says that an attempt failed. What is no refusal of ours is written to the log with its stack. */
export function failureOf(attempt: AttemptKey, error: unknown): FromDevice {
  if (!(error instanceof ArmatureError)) console.error(`device: ${attempt.job}:`, error);
  return { type: 'failed', ...attemptOf(attempt), error: serializeError(error) };
}
