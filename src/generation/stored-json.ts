import { ArmatureError } from '../errors.ts';

declare const noun: unique symbol;

/** JSON as it lies in records, of whichever version: only its {@link StoredForm} looks inside. */
export interface StoredJson<Name extends string> {
  readonly [noun]: Name;
}

/** How one kind of value is kept as JSON: the one place that writes it and that reads it, old versions too. */
export interface StoredForm<Name extends string, Value> {
  /** What is to be kept: a plain object for `JSON.stringify`. */
  write(value: Value): StoredJson<Name>;
  /** `newer_release` where a later release than this one wrote it, in a version that this one does not know. */
  read(stored: StoredJson<Name>): Value;
}

interface FormOptions<Value> {
  /** The version that is written; every older one is read. What was written before there were versions counts as 0. */
  readonly version: number;
  /** Brings what is read up to the present version; by default nothing has to be done. */
  readonly upgrade?: (value: Value, version: number) => Value;
}

/** A form whose JSON is the value itself with the field `version` beside its own. */
export function storedForm<Name extends string, Value extends object>(
  name: Name,
  { version: newest, upgrade = (value) => value }: FormOptions<Value>,
): StoredForm<Name, Value> {
  return {
    write: (value) => ({ ...value, version: newest }) as unknown as StoredJson<Name>,
    read(stored) {
      const { version = 0, ...value } = stored as unknown as Value & { readonly version?: number };
      if (version > newest) throw newerRelease(name, version, newest);
      return upgrade(value as unknown as Value, version);
    },
  };
}

/** A form of values of several kinds, each of which is kept in a form, and with versions, of its own. */
export function formOfKinds<Name extends string, Value extends { readonly kind: string }>(
  formOf: (value: Pick<Value, 'kind'>) => StoredForm<Name, Value>,
): StoredForm<Name, Value> {
  return {
    write: (value) => formOf(value).write(value),
    read: (stored) => formOf(stored as unknown as Value).read(stored),
  };
}

/** Reads what may be absent. */
export function readIfStored<Name extends string, Value>(
  form: StoredForm<Name, Value>,
  stored: StoredJson<Name> | null,
): Value | null {
  return stored === null ? null : form.read(stored);
}

/** Whether reading failed because a newer release wrote what was to be read. */
export function isOfNewerRelease(error: unknown): error is ArmatureError {
  return error instanceof ArmatureError && error.code === 'newer_release';
}

/** The error for a kind that this release does not know: a later one brought it. */
export function newerKind(name: string, kind: string, known: readonly string[]): ArmatureError {
  return new ArmatureError(
    'newer_release',
    `A newer release wrote this ${name}: it is of the kind ${JSON.stringify(kind)}, and this release reads ${known.join(', ')}. Run the newer release.`,
  );
}

function newerRelease(name: string, version: number, newest: number): ArmatureError {
  return new ArmatureError(
    'newer_release',
    `A newer release wrote this ${name}: it has version ${version}, and this release reads versions up to ${newest}. Run the newer release.`,
  );
}
