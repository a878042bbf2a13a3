import type { Readable, Writable } from 'node:stream';

/** A message: facts as JSON, and bytes. */
export interface Frame {
  readonly facts: unknown;
  readonly bytes: Uint8Array;
}

/** Lengths of facts and bytes, as 32-bit integers. */
const headLength = 8;

/** No facts, and no picture, are longer. */
const longest = { facts: 2 ** 16, bytes: 2 ** 29 } as const;

/** Writes a message. Large bytes are not copied; the stream sends them piece by piece. */
export function writeFrame(stream: Writable, facts: unknown, pieces: readonly Uint8Array[] = []): void {
  const json = Buffer.from(JSON.stringify(facts));
  const head = Buffer.alloc(headLength);
  head.writeUInt32BE(json.length, 0);
  head.writeUInt32BE(
    pieces.reduce((sum, { length }) => sum + length, 0),
    4,
  );
  stream.cork();
  for (const piece of [head, json, ...pieces]) stream.write(piece);
  stream.uncork();
}

/**
 * Calls `onFrame` for each message that arrives on a stream, and `onBroken` once where what arrives is none: a decoder that was
 * taken over may say anything.
 */
export function readFrames(stream: Readable, onFrame: (frame: Frame) => void, onBroken: () => void): void {
  let [filling, filled] = [Buffer.alloc(headLength), 0];
  let facts: unknown;
  let bytesAhead = 0;
  let part: 'head' | 'facts' | 'bytes' = 'head';
  const begin = (next: typeof part, length: number): void => {
    [part, filling, filled] = [next, Buffer.allocUnsafeSlow(length), 0];
  };
  const complete = (): void => {
    const whole = filling;
    if (part === 'head') {
      const ahead = whole.readUInt32BE(0);
      bytesAhead = whole.readUInt32BE(4);
      if (ahead > longest.facts || bytesAhead > longest.bytes) throw new RangeError('The message is too long');
      begin('facts', ahead);
    } else if (part === 'facts') {
      facts = JSON.parse(whole.toString());
      begin('bytes', bytesAhead);
    } else {
      begin('head', headLength);
      onFrame({ facts, bytes: whole });
    }
  };
  const read = (chunk: Buffer): void => {
    for (let at = 0; at < chunk.length;) {
      const count = Math.min(filling.length - filled, chunk.length - at);
      chunk.copy(filling, filled, at, at + count);
      filled += count;
      at += count;
      // Facts without bytes behind them are whole at once.
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
