import { ArmatureError } from '../../errors.ts';

/** First and last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part of an object of `size` bytes that a Range header asks for (RFC 9110, section 14). Null means the whole: no
 * header, another unit, several ranges or what cannot be read as a range, all of which a server may leave unheeded.
 * `range_not_satisfiable` where the range lies outside.
 */
export function readRange(header: string | undefined, size: number): ByteRange | null {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? '');
  const [first = '', last = ''] = match?.slice(1) ?? [];
  if (first === '' && last === '') return null;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null;
  if (start < size && start <= end) return { start, end };
  throw new ArmatureError('range_not_satisfiable', `Expected a range within ${size} bytes but received ${header}.`);
}
