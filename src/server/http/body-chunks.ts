import type { Readable } from 'node:stream';
import { ArmatureError } from '../../errors.ts';

/**
 * The pieces of a body as they arrive, at most `most` bytes of them. Who stops before its end need not read the rest: it is passed
 * over, up to as many bytes again, so that the connection lives long enough for the answer, and can be used again.
 *
 * @throws ArmatureError `payload_too_large`
 */
export async function* bodyChunks(body: Readable, most: number): AsyncGenerator<Buffer, void> {
  let received = 0;
  let ended = false;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (received > most) throw new ArmatureError('payload_too_large', `Expected a body of at most ${most} bytes.`);
      yield chunk;
    }
    ended = true;
  } finally {
    if (!ended) passOver(body, most);
  }
}

function passOver(body: Readable, most: number): void {
  let left = most;
  body.on('error', () => {});
  body.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) body.destroy();
  });
}
