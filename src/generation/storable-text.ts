import { ArmatureError } from '../errors.ts';

/**
 * Refuses (`invalid_request`) texts, names of fields among them, that no database of records can keep: those with the
 * character U+0000, and those with half of a surrogate pair.
 */
export function refuseUnstorableText(value: unknown, at: string): void {
  if (typeof value === 'string') {
    if (isStorable(value)) return;
    const detail = `Expected ${at === '' ? 'the value' : at} to be text without U+0000 and without lone surrogates.`;
    throw new ArmatureError('invalid_request', detail, at === '' ? {} : { field: at });
  }
  if (Array.isArray(value)) {
    value.forEach((entry, index) => refuseUnstorableText(entry, `${at}[${index}]`));
    return;
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  for (const [name, entry] of Object.entries(value)) {
    if (!isStorable(name)) refuseUnstorableText(name, at);
    refuseUnstorableText(entry, at === '' ? name : `${at}.${name}`);
  }
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
