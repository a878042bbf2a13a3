import { ArmatureError, type ErrorOptions } from '../../../errors.ts';
import { show } from '../../../text/show.ts';

/** A set, or a file of it, that cannot be trained on. */
export function invalidSet(detail: string, options: ErrorOptions = {}): ArmatureError {
  return new ArmatureError('invalid_set', detail, options);
}

/** A list of a set has more lines, or names more pairs, than a set may have files. */
export function tooMany(name: string, most: number): ArmatureError {
  return invalidSet(`Expected ${show(name)} to name at most ${most} pairs but it names more: split the set.`);
}

/** A file of a set is larger than what it is used for may be. */
export function tooLarge(name: string, mostBytes: number): ArmatureError {
  return invalidSet(`Expected ${show(name)} to have at most ${mostBytes} bytes but it has more.`);
}
