import { ArmatureError } from '../../errors.ts';
import { isOverdue, nextTurn } from '../../json/turns.ts';

/** Characters that are decoded before others may get their turn. */
const pieceLength = 2 ** 20;
/** Characters before the comma of a data: URL. */
const longestHeader = 200;

/**
 * The bytes of base64 (RFC 4648, either alphabet, padding optional, white space anywhere) or of a data: URL (RFC 2397), in time
 * linear in the text. `invalid_image` at `field` for anything else.
 */
export async function decodeBase64(text: string, field: string): Promise<Uint8Array> {
  const start = startOf(text);
  const end = await endOf(text);
  const pieces: Buffer[] = [];
  let rest = '';
  for (let at = start; at !== -1 && at < end; at += pieceLength) {
    const stop = Math.min(at + pieceLength, end);
    const symbols = rest + text.slice(at, stop).replaceAll(/\s+/g, '');
    const whole = stop === end ? symbols.length : symbols.length - (symbols.length % 4);
    const bytes = Buffer.from(symbols.slice(0, whole), 'base64');
    // Buffer.from skips what is no base64, so that a wrong character shows in the length.
    if (bytes.length !== Math.floor((whole * 3) / 4)) throw noBase64(field);
    pieces.push(bytes);
    rest = symbols.slice(whole);
    if (isOverdue()) await nextTurn();
  }
  const decoded = Buffer.concat(pieces);
  if (decoded.length === 0) throw noBase64(field);
  return decoded;
}

/** Index of the first symbol; -1 for a data: URL of something else. */
function startOf(text: string): number {
  if (!text.startsWith('data:')) return 0;
  const header = text.slice(0, longestHeader);
  const comma = header.indexOf(',');
  return /;base64$/i.test(header.slice(0, Math.max(comma, 0))) ? comma + 1 : -1;
}

/** Index behind the last symbol: padding and white space at the end are none. */
async function endOf(text: string): Promise<number> {
  let end = text.length;
  while (end > 0 && isPadding(text.charCodeAt(end - 1))) {
    end -= 1;
    if (end % pieceLength === 0 && isOverdue()) await nextTurn();
  }
  return end;
}

/** `=`, a space, or what \s takes of the control characters. */
function isPadding(code: number): boolean {
  return code === 0x3d || code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function noBase64(field: string): ArmatureError {
  const detail = `Expected ${field}.data to be base64, or a data: URL with base64.`;
  return new ArmatureError('invalid_image', detail, { field: `${field}.data` });
}
