/**
 * A value as JSON that databases of records keep: in the place of U+0000 and of each half of a surrogate pair stands U+FFFD. For what was found in files of strangers, which
 * nobody can refuse any more; what requests say is refused.
 */
export function storableJson(value: unknown): string {
  return JSON.stringify(value).replace(/\\(?:u0000|ud[89a-f][\da-f]{2}|.)/g, (escape) =>
    /^\\u(?:0000|d)/.test(escape) ? '\ufffd' : escape,
  );
}
