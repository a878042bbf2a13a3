import { inflateSync } from 'node:zlib';

/** Ways of compressing that are undone here, by their numbers in TIFF files. */
const ways: Readonly<Record<number, (bytes: Uint8Array, most: number) => Uint8Array>> = {
  1: (bytes) => bytes,
  5: undoLzw,
  8: undoDeflate,
  32_773: undoPackBits,
  32_946: undoDeflate,
};

/** Whether chunks that are compressed so can be read. */
export function isKnownCompression(compression: number): boolean {
  return compression in ways;
}

/**
 * The bytes of one chunk, not many more than `most` of them: it may hold fewer.
 *
 * @throws Error where they cannot be.
 */
export function decompress(bytes: Uint8Array, compression: number, most: number): Uint8Array {
  return ways[compression]!(bytes, most);
}

/** Some writers fill a chunk up. */
const filling = 65_536;

function undoDeflate(bytes: Uint8Array, most: number): Uint8Array {
  return inflateSync(bytes, { maxOutputLength: most + filling });
}

/** Apple's run lengths (TIFF 6.0, section 9). */
function undoPackBits(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let to = 0;
  for (let at = 0; at < bytes.length && to < length;) {
    const head = bytes[at++]!;
    if (head === 128) continue;
    const count = Math.min(head < 128 ? head + 1 : 257 - head, length - to);
    if (head < 128) {
      out.set(bytes.subarray(at, at + count), to);
      at += head + 1;
    } else out.fill(bytes[at++] ?? 0, to, to + count);
    to += count;
  }
  return out.subarray(0, to);
}

const [clear, end, firstFree, mostCodes] = [256, 257, 258, 4096];

/** LZW with codes of 9 to 12 bits, the highest bit first (TIFF 6.0, section 13). */
function undoLzw(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  // Each code is a run of what was written: where it begins, and how long it is.
  const from = new Int32Array(mostCodes);
  const size = new Int32Array(mostCodes);
  let [next, width, previous, to] = [firstFree, 9, -1, 0];
  let [held, heldBits] = [0, 0];
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xff_ffff;
    heldBits += 8;
    if (heldBits < width) continue;
    heldBits -= width;
    const code = (held >> heldBits) & ((1 << width) - 1);
    if (code === end || to >= length) break;
    if (code === clear) {
      [next, width, previous] = [firstFree, 9, -1];
      continue;
    }
    const start = to;
    if (code < clear) out[to++] = code;
    else {
      // The one code that may come before it is known: the previous run and its own first byte.
      const known = code < next;
      if (!known && (code > next || previous < 0)) throw new RangeError('its LZW codes are wrong');
      const run = known ? from[code]! : previous;
      const count = known ? size[code]! : size[next]!;
      for (let i = 0; i < count && to < length; i++) out[to++] = out[run + i]!;
    }
    // What is written now ends the code that the previous run began.
    if (previous >= 0 && next < mostCodes) next += 1;
    previous = start;
    from[next] = start;
    size[next] = to - start + 1;
    width = next >= 2047 ? 12 : next >= 1023 ? 11 : next >= 511 ? 10 : 9;
  }
  return out.subarray(0, to);
}
