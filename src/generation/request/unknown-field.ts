import { nearestName } from '../../text/nearest-name.ts';
import { ArmatureError } from '../../errors.ts';
import { fieldPath } from '../../text/field-path.ts';

/** The names an object may have. */
export interface FieldNames {
  readonly known: readonly string[];
  /** What other programs call such fields, in small letters, and how that goes on from "There is no field x: ". */
  readonly foreign?: ReadonlyMap<string, string>;
}

/** The error for a field of an object at `path` that it may not have. */
export function unknownField(name: string, names: FieldNames, path: readonly PropertyKey[]): ArmatureError {
  const field = fieldPath([...path, name]);
  const shown = name.length > 80 ? `${field.slice(0, 80)}...` : field;
  const foreign = names.foreign?.get(name.slice(0, 80).toLowerCase());
  if (foreign !== undefined) {
    const choices = names.known.filter((known) => foreign.startsWith(`it is ${known} here`));
    const detail = `There is no field ${shown}: ${foreign}.`;
    return new ArmatureError('invalid_request', detail, {
      field: shown,
      choices: choices.length > 0 ? choices : names.known,
    });
  }
  const guess = nearestName(name, names.known);
  const hint =
    guess === undefined ? 'The choices are the known fields.' : `Did you mean ${fieldPath([...path, guess])}?`;
  return new ArmatureError('invalid_request', `There is no field ${shown}. ${hint}`, {
    field: shown,
    choices: guess === undefined ? names.known : [guess],
  });
}
