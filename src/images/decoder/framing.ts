import type { Readable, Writable } from 'node:stream';

/** A message: facts as JSON, and pieces of bytes. */
export interface Frame {
  readonly facts: unknown;
  readonly pieces: readonly Uint8Array[];
}

/** How long a message is: of its facts, and of each piece. */
interface Head {
  readonly facts: unknown;
  readonly lengths: readonly number[];
}

/** Length of the head, a 32-bit integer. */
const prefixLength = 4;

/** No facts, and no picture with all that belongs to it, are longer. */
const longest = { head: 2 ** 16, bytes: 2 ** 29 } as const;

/** Writes a message. Large bytes are not copied; the stream sends them piece by piece. */
export function writeFrame(stream: Writable, { facts, pieces }: Frame): void {
  const head: Head = { facts, lengths: pieces.map(({ length }) => length) };
  const json = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(prefixLength);
  prefix.writeUInt32BE(json.length, 0);
  stream.cork();
  for (const part of [prefix, json, ...pieces]) stream.write(part);
  stream.uncork();
}

/**
 * Calls `onFrame` for each message that arrives on a stream, and `onBroken` once where what arrives is none: a decoder that was
 * taken over may say anything.
 */
export function readFrames(stream: Readable, onFrame: (frame: Frame) => void, onBroken: () => void): void {
  let [filling, filled] = [Buffer.alloc(prefixLength), 0];
  let head: Head = { facts: null, lengths: [] };
  let part: 'prefix' | 'head' | 'bytes' = 'prefix';
  const begin = (next: typeof part, length: number): void => {
    [part, filling, filled] = [next, Buffer.allocUnsafeSlow(length), 0];
  };
  const complete = (): void => {
    const whole = filling;
    if (part === 'prefix') {
      const length = whole.readUInt32BE(0);
      if (length > longest.head) throw new RangeError('The message is too long');
      begin('head', length);
    } else if (part === 'head') {
      head = headOf(JSON.parse(whole.toString()));
      begin('bytes', sumOf(head.lengths));
    } else {
      begin('prefix', prefixLength);
      onFrame({ facts: head.facts, pieces: cutUp(whole, head.lengths) });
    }
  };
  const read = (chunk: Buffer): void => {
    for (let at = 0; at < chunk.length;) {
      const count = Math.min(filling.length - filled, chunk.length - at);
      chunk.copy(filling, filled, at, at + count);
      filled += count;
      at += count;
      // A message without bytes is whole with its head.
      while (filled === filling.length) complete();
    }
  };
  let broken = false;
  stream.on('data', (chunk: Buffer) => {
    if (broken) return;
    try {
      read(chunk);
    } catch {
      broken = true;
      onBroken();
    }
  });
}

function headOf(said: unknown): Head {
  const { facts, lengths } = said as Partial<Head>;
  if (!Array.isArray(lengths) || !lengths.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new RangeError('The message has no lengths');
  }
  if (sumOf(lengths) > longest.bytes) throw new RangeError('The message is too long');
  return { facts, lengths };
}

function sumOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0);
}

/** No Buffers, whose slice is another than that of the arrays that pixels are elsewhere. */
function cutUp({ buffer, byteOffset }: Buffer, lengths: readonly number[]): readonly Uint8Array[] {
  let at = byteOffset;
  return lengths.map((length) => {
    const piece = new Uint8Array(buffer, at, length);
    at += length;
    return piece;
  });
}
