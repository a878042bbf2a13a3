import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Frame, readFrames, writeFrame } from '../../../src/images/decoder/framing.ts';
import { pack, unpack } from '../../../src/images/decoder/packing.ts';

/** What arrives of messages that are written in chunks of `size` bytes; null for one that is none. */
async function sent(write: (stream: PassThrough) => void, size: number): Promise<readonly (Frame | null)[]> {
  const written = new PassThrough();
  write(written);
  const bytes = written.read() as Buffer;
  const stream = new PassThrough();
  const arrived: (Frame | null)[] = [];
  readFrames(
    stream,
    (frame) => arrived.push(frame),
    () => arrived.push(null),
  );
  for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
  stream.end();
  await new Promise((resolve) => stream.on('end', resolve));
  return arrived;
}

const value = {
  facts: { width: 2, note: null, on: true },
  images: [{ data: Uint8Array.of(1, 2, 3) }, { data: new Uint8Array() }],
  mask: Uint8Array.of(255),
};

describe('a value with bytes in it', () => {
  it.each([1, 5, 1000])('arrives as it is, in chunks of %i bytes', async (size) => {
    const arrived = await sent((stream) => {
      writeFrame(stream, pack(value));
      writeFrame(stream, pack([value.mask, 'and']));
      writeFrame(stream, pack({}));
    }, size);
    expect(arrived.map((frame) => unpack(frame!))).toEqual([value, [value.mask, 'and'], {}]);
  });

  it('has no Buffers, whose slices are no copies', async () => {
    const [frame] = await sent((stream) => writeFrame(stream, pack(value)), 7);
    expect((unpack(frame!) as typeof value).mask.constructor).toBe(Uint8Array);
  });

  it('is refused where it names bytes that did not come', () => {
    expect(() => unpack({ facts: [{ piece: 1 }], pieces: [Uint8Array.of(1)] })).toThrow(RangeError);
  });

  it.each([
    ['without lengths', '{"facts":1}'],
    ['with a length below nothing', '{"facts":1,"lengths":[-1]}'],
    ['with parts of bytes', '{"facts":1,"lengths":[0.5]}'],
    ['of more than anything has', '{"facts":1,"lengths":[1e9]}'],
    ['that is no JSON', 'what'],
  ])('is none: %s', async (_, json) => {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(json.length, 0);
    expect(await sent((stream) => stream.write(Buffer.concat([prefix, Buffer.from(json)])), 3)).toEqual([null]);
  });
});
