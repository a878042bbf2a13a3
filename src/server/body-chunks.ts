import type { Readable } from 'node:stream';

/**
 * The pieces of a body as they arrive. Who stops before its end need not read the rest: it is passed over, up to `most` bytes, so
 * that the connection lives long enough for the answer, and can be used again.
 */
export async function* bodyChunks(body: Readable, most: number): AsyncGenerator<Buffer, void> {
  let ended = false;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) yield chunk;
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
