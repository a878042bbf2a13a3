import { ArmatureError } from '../../errors.ts';

/** A Content-Type, or a header that is written like one. */
export interface MediaType {
  /** In small letters; empty where there is none. */
  readonly type: string;
  /** By their names in small letters; the first of each counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** A name that stands there more than once; null where none does. */
  readonly repeated: string | null;
}

const parameter = /;[\t ]*([^\s=;"]+)[\t ]*=[\t ]*(?:"((?:[^"\\]|\\[^])*)"|([^;\s]*))/gu;

/** Reads `type/subtype; name=value; name="quoted"` (RFC 9110, section 8.3.1), bearing with what is not quite that. Linear. */
export function mediaTypeOf(header: string): MediaType {
  const end = header.indexOf(';');
  const type = (end === -1 ? header : header.slice(0, end)).trim().toLowerCase();
  const parameters = new Map<string, string>();
  let repeated: string | null = null;
  for (const [, name = '', quoted, bare = ''] of header.matchAll(parameter)) {
    const key = name.toLowerCase();
    // Browsers write a quotation mark as %22 and a backslash as it is.
    if (parameters.has(key)) repeated ??= key;
    else parameters.set(key, quoted?.replaceAll(/\\(["\\])/gu, '$1') ?? bare);
  }
  return { type, parameters, repeated };
}

/** Refuses (`invalid_request`) a header that says a thing twice: programs differ in which of the two they believe. */
export function requireOnce({ repeated }: MediaType, header: string, field: string): void {
  if (repeated === null) return;
  const detail = `Expected each parameter of ${header} once but received ${shown(repeated)} twice.`;
  throw new ArmatureError('invalid_request', detail, { field });
}

export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

/** Refuses (`unsupported_media_type`) what says that it is in another charset than UTF-8. `subject` fits behind "Expected ". */
export function requireUtf8(charset: string | undefined, subject: string, field: string): void {
  if (charset === undefined || /^utf-?8$/i.test(charset)) return;
  const detail = `Expected ${subject} in UTF-8 but received the charset ${shown(charset)}: convert it, and say charset=utf-8 or nothing.`;
  throw new ArmatureError('unsupported_media_type', detail, { field, choices: ['utf-8'] });
}
