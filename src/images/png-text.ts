import { crc32 } from 'node:zlib';

/**
 * Puts text chunks behind the header of a PNG: tEXt where the text is ASCII, else iTXt with UTF-8, both uncompressed
 * (PNG specification, third edition, 11.3.3). A tEXt chunk may hold Latin-1, but some readers take it for UTF-8.
 *
 * @throws RangeError for a keyword that is not 1..79 printable Latin-1 characters.
 */
export function insertPngText(png: Buffer, text: Readonly<Record<string, string>>): Buffer {
  const chunks = Object.entries(text).map(([keyword, value]) => textChunk(keyword, value));
  return Buffer.concat([png.subarray(0, headerEnd), ...chunks, png.subarray(headerEnd)]);
}

/** Text of uncompressed tEXt and iTXt chunks by keyword; the first of a keyword counts. Stops where the file is damaged. */
export function readPngText(png: Uint8Array): Readonly<Record<string, string>> {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  const found = new Map<string, string>();
  for (let at = signatureLength; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const body = bytes.subarray(at + 8, at + 8 + length);
    const entry =
      body.length < length
        ? undefined
        : type === 'tEXt'
          ? latinEntry(body)
          : type === 'iTXt'
            ? utf8Entry(body)
            : undefined;
    if (entry !== undefined && !found.has(entry[0])) found.set(...entry);
    at += 12 + length;
  }
  return Object.fromEntries(found);
}

const signatureLength = 8;
/** Signature and IHDR chunk, which always comes first and has 13 bytes. */
const headerEnd = signatureLength + 12 + 13;

function textChunk(keyword: string, value: string): Buffer {
  if (!/^[\x21-\x7e\xa1-\xff](?:[\x20-\x7e\xa1-\xff]{0,77}[\x21-\x7e\xa1-\xff])?$/.test(keyword)) {
    throw new RangeError(
      `Expected a PNG keyword of 1..79 printable Latin-1 characters but received ${JSON.stringify(keyword)}`,
    );
  }
  const key = Buffer.from(keyword, 'latin1');
  const separator = Buffer.alloc(1);
  if (isAscii(value)) return chunk('tEXt', Buffer.concat([key, separator, Buffer.from(value, 'latin1')]));
  // After the keyword: compression flag and method, then empty language tag and translated keyword, each ended by 0.
  return chunk('iTXt', Buffer.concat([key, separator, Buffer.alloc(4), Buffer.from(value, 'utf8')]));
}

/** Printable ASCII and line feeds: no NUL, which would end the text. */
function isAscii(value: string): boolean {
  return /^[\n\x20-\x7e]*$/.test(value);
}

function chunk(type: string, body: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.write(type, 4, 'latin1');
  body.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length);
  return bytes;
}

function latinEntry(body: Buffer): [string, string] | undefined {
  const end = body.indexOf(0);
  return end < 1 ? undefined : [body.toString('latin1', 0, end), body.toString('latin1', end + 1)];
}

function utf8Entry(body: Buffer): [string, string] | undefined {
  const end = body.indexOf(0);
  const compressed = body[end + 1] !== 0;
  const language = body.indexOf(0, end + 3);
  const translated = language < 0 ? -1 : body.indexOf(0, language + 1);
  if (end < 1 || compressed || translated < 0) return undefined;
  return [body.toString('latin1', 0, end), body.toString('utf8', translated + 1)];
}
