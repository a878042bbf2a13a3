import { ArmatureError } from '../../errors.ts';
import { shown } from '../http/media-type.ts';

/** Which bytes of a whole a body has. */
export interface ContentRange {
  /** Of its first byte. */
  readonly start: number;
  /** Bytes of the body; null where nobody knows before its end. */
  readonly length: number | null;
  /** Bytes of the whole; null where that is not said. */
  readonly size: number | null;
  /** Whether the end of the body is that of the whole. */
  readonly closes: boolean;
}

const field = 'Content-Range';

/**
 * What a PUT brings (RFC 9110, section 14.4): `bytes a-b/total`, with an asterisk for a total that isn't known yet, or for a-b where there are no
 * bytes but the total is said. Without the header the body is all of it. `announced` is the Content-Length, null where there is none.
 *
 * @throws ArmatureError `invalid_request` for what is none of these, and for a body of another length
 */
export function readContentRange(header: string | undefined, announced: number | null): ContentRange {
  if (header === undefined) {
    if (announced !== 0) return { start: 0, length: announced, size: announced, closes: true };
    throw new ArmatureError('invalid_request', `Expected bytes of the set, or ${field}, but the body is empty.`);
  }
  const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15}|\*)$/i.exec(header.trim());
  const [first, last, total] = match?.slice(1) ?? [];
  if (match === null || total === '0' || (first === undefined && total === '*')) throw malformed(header);
  const size = total === '*' ? null : Number(total);
  if (first === undefined) return ofLength({ start: Number(size), length: 0, size, closes: false }, announced, header);
  const [start, end] = [Number(first), Number(last)];
  if (end < start || (size !== null && end >= size)) throw malformed(header);
  return ofLength({ start, length: end - start + 1, size, closes: false }, announced, header);
}

function ofLength(range: ContentRange, announced: number | null, header: string): ContentRange {
  if (announced === null || announced === range.length) return range;
  const detail = `Expected a body of the ${range.length} bytes that ${field}: ${header} names but received one of ${announced}.`;
  throw new ArmatureError('invalid_request', detail, { field });
}

function malformed(header: string): ArmatureError {
  const detail = `Expected ${field} to be "bytes first-last/total", with * for a total that is not known yet, or "bytes */total", but received ${shown(header)}.`;
  return new ArmatureError('invalid_request', detail, { field });
}
