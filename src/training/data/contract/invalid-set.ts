import { ArmatureError, type ErrorOptions } from '../../../errors.ts';

/** A set, or a file of it, that cannot be trained on. */
export function invalidSet(detail: string, options: ErrorOptions = {}): ArmatureError {
  return new ArmatureError('invalid_set', detail, options);
}
